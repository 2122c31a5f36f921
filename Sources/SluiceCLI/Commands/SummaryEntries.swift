import UploadCore
import UploadReport

/// Lines of a summary, made of meters that have ended.
enum SummaryEntries {
  /// - Parameters:
  ///   - serverPeak: the most memory the server held for it, in bytes; nil when the server is another process.
  ///   - verdict: what a comparison showed; nil to go by the outcome alone.
  static func entry(
    for meter: UploadMeter,
    serverPeak: Int? = nil,
    verdict: UploadVerdict? = nil
  ) -> UploadSummary.Entry {
    let ended = meter.ended
    return UploadSummary.Entry(
      id: meter.id,
      mode: meter.mode,
      name: meter.name,
      bytes: meter.received,
      seconds: ended.map { ($0.at - meter.startedAt).inSeconds } ?? 0,
      clientPeakResidentBytes: meter.peakResidentBytes,
      serverPeakResidentBytes: serverPeak,
      verdict: verdict ?? Self.verdict(of: ended?.outcome)
    )
  }

  private static func verdict(of outcome: UploadOutcome?) -> UploadVerdict {
    switch outcome {
    case .finished: .accepted
    case .failed(let error) where error.code == .refusedByServer: .refused
    case .failed(let error) where error.code == .contentMismatch: .mismatch
    case .cancelled: .cancelled
    case .failed, nil: .failed
    }
  }
}
