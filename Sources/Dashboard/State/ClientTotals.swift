import UploadCore

/// Who sends incoming uploads, or which server receives outgoing ones.
enum ClientKey: Hashable, Sendable {
  /// The name that senders state. It is no proof: any client may state it.
  case sender(String)
  /// A client's address without the port, or a server's host and port.
  case address(String)

  /// The sender's name where an incoming upload has one, otherwise the address.
  init(_ upload: UploadSnapshot) {
    switch (upload.direction, upload.sender) {
    case (.incoming, let sender?): self = .sender(UploadRecord.bounded(sender))
    case (.incoming, nil): self = .address(UploadRecord.bounded(PeerAddress(upload.remote).host))
    case (.outgoing, _): self = .address(UploadRecord.bounded(upload.remote))
    }
  }

  var name: String {
    switch self {
    case .sender(let name), .address(let name): name
    }
  }
}

/// The uploads of one client, or to one server, together. Numbers from the network: sums stop at their limits.
struct ClientTotals: Hashable, Sendable {
  /// The address of the upload that was added last, without a port.
  private(set) var address = ""
  private(set) var active = 0
  private(set) var stalled = 0
  /// Interrupted, paused and queued ones.
  private(set) var waiting = 0
  /// Of the active ones together, in bytes per second.
  private(set) var rate = 0.0
  /// Received or sent by all of them, in bytes.
  private(set) var bytes: UInt64 = 0
  /// The longest time that an active one needs, in seconds; nil when it is unknown for all of them.
  private(set) var timeLeft: Double?
  private(set) var finished = 0
  private(set) var failed = 0
  private(set) var cancelled = 0

  /// Adds an upload that has ended.
  mutating func add(ended upload: UploadSnapshot) {
    note(upload)
    switch upload.outcome {
    case nil: return
    case .finished: finished &+= 1
    case .failed: failed &+= 1
    case .cancelled: cancelled &+= 1
    }
  }

  /// Adds an upload that has not ended. A tree counts as its active files.
  mutating func add(_ record: UploadRecord) {
    let (upload, tree) = (record.now, record.tree?.now)
    // The bytes of its complete files are those of ended uploads.
    note(upload, bytes: tree.map { $0.bytesMoved &- min($0.bytesFinished, $0.bytesMoved) } ?? upload.bytes)
    guard !upload.isQueued, !upload.isResting else {
      waiting &+= 1
      return
    }
    active &+= tree.map { min(max(1, $0.filesActive), UploadList.countLimit) } ?? 1
    if upload.state == .stalled { stalled &+= 1 }
    if upload.speed > 0 { rate += min(upload.speed, 1e18) }
    if let eta = upload.eta, eta >= 0 { timeLeft = max(timeLeft ?? 0, eta) }
  }

  private mutating func note(_ upload: UploadSnapshot, bytes: UInt64? = nil) {
    address = UploadRecord.bounded(PeerAddress(upload.remote).host)
    let (sum, overflow) = self.bytes.addingReportingOverflow(bytes ?? upload.bytes)
    self.bytes = overflow ? .max : sum
  }
}

/// The totals of ended uploads for each client, in bounded memory: of too many clients, those are dropped whose last
/// upload ended first.
struct ClientHistory: Sendable {
  /// How many clients are kept at least; up to a quarter more are.
  static let limit = 1000

  private var entries: [ClientKey: (totals: ClientTotals, last: Int)] = [:]
  /// How many uploads were added: the order of ``ClientHistory/entries``.
  private var count = 0
  /// Clients that were dropped over the limit.
  private(set) var droppedCount = 0

  mutating func add(_ upload: UploadSnapshot) {
    count &+= 1
    let key = ClientKey(upload)
    entries[key, default: (ClientTotals(), 0)].totals.add(ended: upload)
    entries[key]?.last = count
    guard entries.count > Self.limit + Self.limit / 4 else { return }
    let excess = entries.count - Self.limit
    for (key, _) in entries.sorted(by: { $0.value.last < $1.value.last }).prefix(excess) { entries[key] = nil }
    droppedCount &+= excess
  }

  mutating func clear() { self = ClientHistory() }

  subscript(key: ClientKey) -> ClientTotals? { entries[key]?.totals }

  /// All clients, the one whose upload ended last first.
  var latestFirst: [ClientKey] { entries.sorted { $0.value.last > $1.value.last }.map(\.key) }
}
