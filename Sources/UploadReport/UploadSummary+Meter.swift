package import UploadCore

extension UploadSummary.Entry {
  /// The line of an upload that has ended.
  /// - Parameters:
  ///   - serverPeak: the most memory the server held for it, in bytes; nil when the server is another process.
  ///   - verdict: what a comparison showed; nil to go by the outcome alone.
  package init(for meter: UploadMeter, serverPeak: Int? = nil, verdict: UploadVerdict? = nil) {
    let ended = meter.ended
    let file: FinishedUpload? = if case .finished(let file) = ended?.outcome { file } else { nil }
    self.init(
      id: meter.id,
      mode: meter.mode,
      name: meter.name,
      bytes: meter.received,
      seconds: ended.map { ($0.at - meter.startedAt).inSeconds } ?? 0,
      clientPeakResidentBytes: meter.peakResidentBytes,
      serverPeakResidentBytes: serverPeak,
      verdict: verdict ?? Self.verdict(of: ended?.outcome),
      detectedType: meter.detectedType,
      sha256: file?.sha256
    )
  }

  private static func verdict(of outcome: UploadOutcome?) -> UploadVerdict {
    switch outcome {
    // A digest that the server states has been compared by now.
    case .finished(let file): file.sha256 == nil ? .accepted : .verified
    case .failed(let error) where error.code == .refusedByServer: .refused
    case .failed(let error) where error.code == .contentMismatch: .mismatch
    case .cancelled: .cancelled
    case .failed, nil: .failed
    }
  }
}
