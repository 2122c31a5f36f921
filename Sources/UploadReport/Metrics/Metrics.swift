package import UploadCore

/// What `/metrics` says: counts and memory of all uploads at one instant, as OpenMetrics text.
package struct Metrics: Sendable {
  /// The media type of ``text``.
  package static let contentType = "application/openmetrics-text; version=1.0.0; charset=utf-8"

  /// What counts of an upload that runs.
  package struct Active: Sendable {
    package var direction: UploadDirection
    package var mode: UploadMode
    package var state: UploadState
    /// Received or sent, in all attempts.
    package var bytes: UInt64
    package var residentBytes: Int

    package init(
      direction: UploadDirection,
      mode: UploadMode,
      state: UploadState,
      bytes: UInt64,
      residentBytes: Int
    ) {
      self.direction = direction
      self.mode = mode
      self.state = state
      self.bytes = bytes
      self.residentBytes = residentBytes
    }
  }

  package var active: [Active]
  /// Counts of uploads since the start, by direction.
  package var totals: [UploadDirection: UploadLedger.Totals]
  package var slabs: SlabUse
  package var memory: ProcessMemory

  package init(
    active: [Active],
    totals: [UploadDirection: UploadLedger.Totals],
    slabs: SlabUse,
    memory: ProcessMemory
  ) {
    self.active = active
    self.totals = totals
    self.slabs = slabs
    self.memory = memory
  }

  /// Reads everything now. States come from the meters alone: what nobody has sampled over time is never `stalled`.
  package init(ledger: UploadLedger, slabs: SlabUse, memory: ProcessMemory = .current()) {
    let (meters, totals) = ledger.reading()
    let active = meters.map { meter in
      Active(
        direction: meter.direction,
        mode: meter.mode,
        state: Sampler.state(of: meter, outcome: nil, idle: .zero, limit: .seconds(1)).0,
        bytes: meter.transferred,
        residentBytes: meter.residentBytes
      )
    }
    self.init(active: active, totals: totals, slabs: slabs, memory: memory)
  }
}
