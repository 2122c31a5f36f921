import UploadCore
import UploadReport

/// The state of the whole comparison: what is shown while it runs, and its result.
///
/// A value: ``CompareRun`` updates it, every renderer is a function of it.
struct Comparison: Sendable {
  /// A run that is under way.
  struct Running: Sendable {
    var index: Int
    var bytes: UInt64 = 0
    /// Bytes per second at the moment.
    var rate: Double = 0
    var memory = MemorySeries()
  }

  let name: String
  let size: UInt64
  let runs: Int
  let maxMemory: SizeSetting?
  /// One a client, in their order.
  private(set) var results: [CompareResult]
  private(set) var running: Running?

  init(name: String, size: UInt64, runs: Int, maxMemory: SizeSetting?, clients: [CompareClient] = CompareClient.all) {
    self.name = name
    self.size = size
    self.runs = runs
    self.maxMemory = maxMemory
    results = clients.map { CompareResult(client: $0) }
  }

  /// Which client is to send next: in turn, so that what slows the machine for a while falls on all alike. Nil when all
  /// have as often as they should; one that is missing is asked once.
  var next: Int? {
    let waiting = results.indices.filter {
      results[$0].trials.count < runs && results[$0].trials.last?.verdict != .missing
    }
    return waiting.min { (results[$0].trials.count, $0) < (results[$1].trials.count, $1) }
  }

  mutating func begin(_ index: Int) {
    running = Running(index: index)
  }

  mutating func update(bytes: UInt64, rate: Double, memory: MemorySeries) {
    running?.bytes = bytes
    running?.rate = rate
    running?.memory = memory
  }

  mutating func end(_ index: Int, _ trial: TrialResult) {
    results[index].add(trial)
    running = nil
  }

  /// Whether everything that must arrive has arrived, every time.
  var isGood: Bool {
    results.allSatisfy { !$0.client.mustArrive || $0.verdict == .intact }
  }

  /// The memory to show for a client: of the run under way, else of those that are over.
  func memory(of index: Int) -> MemorySeries {
    if let running, running.index == index { return running.memory }
    return results[index].memory
  }
}

/// A client's result over all runs: medians.
struct CompareResult: Sendable {
  let client: CompareClient
  /// One a run, in their order.
  private(set) var trials: [TrialResult] = []

  mutating func add(_ trial: TrialResult) {
    trials.append(trial)
  }

  /// The first verdict that is not good; missing when nothing was tried.
  var verdict: CompareVerdict { deciding?.verdict ?? .missing }
  var reason: String? { deciding?.reason }

  var seconds: Double? { median { $0.seconds } }
  /// Bytes per second from the start of the client's process to its end; nil unless all of the file arrived.
  var rate: Double? {
    verdict == .intact ? median { $0.seconds > 0 ? Double($0.bytes) / $0.seconds : 0 } : nil
  }
  var clientPeak: UInt64? { bytes { $0.clientPeak } }
  var serverPeak: UInt64? { bytes { $0.serverPeak } }
  var uploadPeak: UInt64? { bytes { $0.uploadPeak } }

  /// The memory over time of the run that is nearest to the median in its peak.
  var memory: MemorySeries {
    let middle = clientPeak ?? 0
    func distance(_ trial: TrialResult) -> UInt64 {
      trial.clientPeak > middle ? trial.clientPeak - middle : middle - trial.clientPeak
    }
    return counted.min { distance($0) < distance($1) }?.memory ?? MemorySeries()
  }

  private var deciding: TrialResult? {
    trials.first { $0.verdict != .intact } ?? trials.first
  }

  /// Runs that ended as the verdict says: a median over different fates would be none.
  private var counted: [TrialResult] {
    trials.filter { $0.verdict == verdict && $0.verdict != .missing }
  }

  private func median(_ value: (TrialResult) -> Double) -> Double? {
    counted.map(value).median
  }

  private func bytes(_ value: (TrialResult) -> UInt64) -> UInt64? {
    median { Double(value($0)) }.map { UInt64($0) }
  }
}

/// What one client did with the file, once.
struct TrialResult: Sendable, Equatable {
  var verdict: CompareVerdict
  /// Why, where it is not intact; for people.
  var reason: String?
  /// From the start of the client's process to its end.
  var seconds: Double = 0
  /// Bytes of the file that the server received.
  var bytes: UInt64 = 0
  /// The most resident memory of the client and of the server, in bytes.
  var clientPeak: UInt64 = 0
  var serverPeak: UInt64 = 0
  /// The most the server held for the upload, in bytes.
  var uploadPeak: UInt64 = 0
  /// The client's resident memory over time.
  var memory = MemorySeries()
}

/// The outcome of a client's attempt.
enum CompareVerdict: String, Sendable, CaseIterable {
  /// The file arrived, and its SHA-256 is the same.
  case intact
  /// Something arrived that is not the file.
  case mismatch
  /// The server responded with an error.
  case refused
  /// The client did not have the memory, or not leave to take it.
  case outOfMemory
  case failed
  /// The program is not installed.
  case missing

  /// For people.
  var words: String {
    self == .outOfMemory ? "out of memory" : rawValue
  }
}
