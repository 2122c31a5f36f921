import UploadCore

/// What a client came to over all runs: medians.
struct CompareResult: Sendable {
  let client: CompareClient
  /// One a run, in their order.
  private(set) var trials: [TrialResult] = []

  init(client: CompareClient) {
    self.client = client
  }

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
