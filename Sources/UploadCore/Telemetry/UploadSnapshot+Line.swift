extension UploadSnapshot {
  /// An outgoing upload that waits for others to end before it begins; it has no meter yet.
  /// - Parameters:
  ///   - size: in bytes; nil when unknown.
  ///   - isCancelled: whether it was called off there.
  package static func inLine(
    id: UploadID,
    mode: UploadMode,
    name: String,
    size: UInt64?,
    remote: String,
    isCancelled: Bool = false
  ) -> UploadSnapshot {
    UploadSnapshot(
      id: id,
      request: id,
      direction: .outgoing,
      mode: mode,
      name: name,
      size: size,
      sizeExact: true,
      remote: remote,
      declaredType: nil,
      state: isCancelled ? .cancelled : .waiting,
      cause: nil,
      stalledSeconds: 0,
      bytes: 0,
      stored: nil,
      durable: nil,
      speed: 0,
      averageSpeed: 0,
      eta: nil,
      seconds: 0,
      residentBytes: 0,
      peakResidentBytes: 0,
      outcome: isCancelled ? .cancelled : nil,
      isInLine: true
    )
  }
}
