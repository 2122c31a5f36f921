import UploadCore
import UploadReport

/// The whole comparison as it stands: what is to be shown, and in the end what is told.
///
/// A value: whoever runs the clients says what happens, every face is a function of it.
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
