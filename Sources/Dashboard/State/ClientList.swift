import UploadCore

/// The uploads of one direction grouped by client, or by server: a row for each with its totals, and while it is open a
/// row beneath it for each of its uploads that are listed.
struct ClientList: Sendable {
  /// The most clients that have a row.
  static let limit = ClientHistory.limit

  /// The totals of a client, as its row shows them.
  struct Summary: Hashable, Sendable {
    let key: ClientKey
    var totals: ClientTotals
    var isOpen = false
  }

  enum Row: Hashable, Sendable {
    case client(Summary)
    case upload(UploadID)

    /// What remains the same when numbers change.
    var id: RowID {
      switch self {
      case .client(let summary): .client(summary.key)
      case .upload(let id): .upload(id)
      }
    }
  }

  enum RowID: Hashable, Sendable {
    case client(ClientKey)
    case upload(UploadID)
  }

  /// In their order: clients with active uploads first.
  private(set) var rows: [Row] = []
  /// How many clients have uploads, ended ones included.
  private(set) var clientCount = 0
  /// Clients that have no totals any more.
  var droppedCount: Int { history.droppedCount }

  private var history = ClientHistory()
  private var open: Set<ClientKey> = []
  /// When each client was seen first, as a number: the order of clients with active uploads.
  private var seen: [ClientKey: Int] = [:]
  private var nextSeen = 0

  /// Counts an upload that has ended.
  mutating func add(_ upload: UploadSnapshot) { history.add(upload) }

  mutating func clearEnded() { history.clear() }

  mutating func toggle(_ client: ClientKey) {
    if open.remove(client) == nil { open.insert(client) }
  }

  /// Sets the rows.
  /// - Parameters:
  ///   - list: the uploads, arranged by the same order and filter.
  ///   - filter: clients have a row if one of their uploads has one, or if they match it themselves.
  mutating func arrange(_ list: UploadList, _ direction: UploadDirection, by sort: UploadSort, filter: UploadFilter) {
    var totals: [ClientKey: ClientTotals] = [:]
    var keys: [ClientKey] = []
    func begin(_ key: ClientKey) {
      guard totals[key] == nil else { return }
      totals[key] = history[key] ?? ClientTotals()
      keys.append(key)
    }
    for record in list.unendedRecords {
      let key = ClientKey(record.now)
      begin(key)
      totals[key]?.add(record)
    }
    for key in history.latestFirst { begin(key) }
    clientCount = keys.count
    open = open.filter { totals[$0] != nil }
    note(keys)

    var uploads: [ClientKey: [UploadID]] = [:]
    if !open.isEmpty || !filter.showsAll {
      for id in list.shown {
        if let record = list[id] { uploads[ClientKey(record.now), default: []].append(id) }
      }
    }
    let shown = keys.filter { uploads[$0] != nil || filter.matches($0.name, direction) }
    let summaries = shown.map { Summary(key: $0, totals: totals[$0] ?? ClientTotals(), isOpen: open.contains($0)) }
    let active = sorted(summaries.filter { $0.totals.active > 0 }, by: sort)
    rows = (active + summaries.filter { $0.totals.active == 0 }).prefix(Self.limit).flatMap { summary in
      [.client(summary)] + (summary.isOpen ? uploads[summary.key] ?? [] : []).map { .upload($0) }
    }
  }

  /// Numbers new clients, so that those with active uploads have an order in which they stay.
  private mutating func note(_ newestFirst: [ClientKey]) {
    if seen.count > 2 * newestFirst.count + Self.limit {
      let known = Set(newestFirst)
      seen = seen.filter { known.contains($0.key) }
    }
    for key in newestFirst.reversed() where seen[key] == nil {
      seen[key] = nextSeen
      nextSeen &+= 1
    }
  }

  private func sorted(_ summaries: [Summary], by sort: UploadSort) -> [Summary] {
    let newestFirst = summaries.sorted { seen[$0.key] ?? 0 > seen[$1.key] ?? 0 }
    switch sort {
    case .started: return newestFirst
    case .state: return newestFirst.sorted { $0.totals.stalled > $1.totals.stalled }
    case .rate: return newestFirst.sorted { $0.totals.rate > $1.totals.rate }
    case .timeLeft: return newestFirst.sorted { $0.totals.timeLeft ?? .infinity < $1.totals.timeLeft ?? .infinity }
    case .name: return newestFirst.sorted { $0.key.name < $1.key.name }
    case .size: return newestFirst.sorted { $0.totals.bytes > $1.totals.bytes }
    }
  }
}
