import UploadCore

/// The state of the whole comparison: what is shown while it runs, and its result.
///
/// A value: ``CompareRun`` updates it, every renderer is a function of it.
struct Comparison: Sendable {
  /// The run in progress.
  struct Running: Sendable {
    /// The index of its client in ``Comparison/results``.
    var index: Int
    /// Bytes received by the server so far.
    var bytes: UInt64 = 0
    /// Bytes per second that the server receives at the moment.
    var rate: Double = 0
    var memory = MemorySeries()
  }

  let name: String
  let size: UInt64
  /// How often each client sends the file.
  let runs: Int
  let maxMemory: SizeSetting?
  /// One for each client, in the order in which they send.
  var results = CompareClient.all.map { CompareResult(client: $0) }
  /// Nil when no run is in progress.
  var running: Running?

  /// The index of the client that sends next: in turn, so that whatever slows the machine for a while affects all alike. Nil
  /// when all have sent ``runs`` times; a client that is not installed is tried once.
  var next: Int? {
    results.indices.filter { results[$0].trials.count < runs && results[$0].trials.last?.status != .missing }
      .min { (results[$0].trials.count, $0) < (results[$1].trials.count, $1) }
  }

  /// Adds the result of the run in progress, which has ended.
  /// - Parameter index: that of its client in ``results``.
  mutating func end(_ index: Int, _ trial: TrialResult) {
    results[index].trials.append(trial)
    running = nil
  }

  /// Whether every client that must succeed (``CompareClient/mustArrive``) did so in all its runs that have ended;
  /// false before the first run of one of them.
  var isGood: Bool {
    results.allSatisfy { !$0.client.mustArrive || $0.status == .intact }
  }

  /// The memory over time to show for the client at `index` of ``results``: of its run in progress, else
  /// ``CompareResult/memory``.
  func memory(of index: Int) -> MemorySeries {
    if let running, running.index == index { running.memory } else { results[index].memory }
  }
}

/// A client's result over all runs. Figures are medians over the runs that ended with ``status``; nil where there is none.
struct CompareResult: Sendable {
  let client: CompareClient
  /// One for each run that has ended, in their order.
  var trials: [TrialResult] = []

  /// This client's status over all its runs: that of the first run that is not `intact`, otherwise `intact`. Before the first
  /// run `missing`, as for a program that is not installed.
  var status: TrialStatus { deciding?.status ?? .missing }
  /// Why the status is not success, for people; nil for `intact` and before the first run.
  var reason: String? { deciding?.reason }

  var seconds: Double? { counted.map(\.seconds).median }
  /// The median of bytes per second from the start of the client's process to its end; nil unless every run was `intact`.
  var rate: Double? {
    status == .intact ? counted.map { $0.seconds > 0 ? Double($0.bytes) / $0.seconds : 0 }.median : nil
  }
  /// The median of the client's peak resident memory, in bytes.
  var clientPeak: UInt64? { median(\.clientPeak) }
  /// The median of the server's peak resident memory, in bytes.
  var serverPeak: UInt64? { median(\.serverPeak) }
  /// The median of the most memory that the server used for the upload, in bytes.
  var uploadPeak: UInt64? { median(\.uploadPeak) }
  /// The median of the bytes that an interrupted client has sent in all its connections; nil for other clients.
  var sentBytes: UInt64? { counted.contains { $0.sentBytes == nil } ? nil : median { $0.sentBytes ?? 0 } }

  /// The client's memory over time in the run whose peak is nearest to the median; empty when no run counts.
  var memory: MemorySeries {
    let middle = Double(clientPeak ?? 0)
    let nearest = counted.min { abs(Double($0.clientPeak) - middle) < abs(Double($1.clientPeak) - middle) }
    return nearest?.memory ?? MemorySeries()
  }

  private var deciding: TrialResult? {
    trials.first { $0.status != .intact } ?? trials.first
  }

  /// Runs with the deciding status: a median over different ones would mean nothing.
  private var counted: [TrialResult] {
    trials.filter { $0.status == status && $0.status != .missing }
  }

  private func median(_ bytes: (TrialResult) -> UInt64) -> UInt64? {
    // The largest figures round up to 2^64 as a floating-point number.
    counted.map { Double(bytes($0)) }.median.map { UInt64(exactly: $0.rounded(.down)) ?? .max }
  }
}

/// The result of one run of one client.
struct TrialResult: Sendable, Equatable {
  var status: TrialStatus
  /// Why the status is not success, for people; nil for `intact`.
  var reason: String?
  /// Seconds from the start of the client's process to its end.
  var seconds: Double = 0
  /// Bytes of the file that the server received.
  var bytes: UInt64 = 0
  /// How often it was interrupted; nil for a client that is not interrupted.
  var interruptions: Int?
  /// Bytes that an interrupted client has sent in all its connections, request headers included; nil for other clients.
  var sentBytes: UInt64?
  /// The most resident memory of the client, in bytes.
  var clientPeak: UInt64 = 0
  /// The most resident memory of the server, in bytes.
  var serverPeak: UInt64 = 0
  /// The most memory of the server for the upload, in bytes.
  var uploadPeak: UInt64 = 0
  /// The client's resident memory over time.
  var memory = MemorySeries()
}

/// The outcome of one run. The raw values are those of the field `verdict` in JSON.
enum TrialStatus: String, Sendable, CaseIterable {
  /// The file arrived, and its SHA-256 is the same.
  case intact
  /// A file arrived whose SHA-256 differs.
  case mismatch
  /// The server responded with an error.
  case rejected = "refused"
  /// The client had too little memory, or was ended because it exceeded the limit.
  case outOfMemory
  case failed
  /// The program is not installed.
  case missing

  /// The status as text for people, such as `out of memory`.
  var text: String {
    switch self {
    case .rejected: "rejected"
    case .outOfMemory: "out of memory"
    case .intact, .mismatch, .failed, .missing: rawValue
    }
  }
}
