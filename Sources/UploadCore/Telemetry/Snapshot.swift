/// Everything there is to show, copied from all meters at one instant. Every face is a function of it.
package struct Snapshot: Sendable {
  package var at: ContinuousClock.Instant
  /// Running uploads, oldest first, then those that have ended since the snapshot before, each just this once.
  package var uploads: [UploadSnapshot]
  package var memory: ProcessMemory
  /// Slabs in use, and the ceiling on all of them together, in bytes.
  package var slabs: SlabUse
  /// Requests that were rejected and are to be reported, each just this once.
  package var rejected: [RejectedRequest] = []
  /// Whether more were rejected that are to be reported later, with their count.
  package var hasUnreportedRejections = false
  /// Requests that were rejected since the start.
  package var rejectedCount: UInt64 = 0
  /// Uploads that wait in line behind those of ``uploads`` and are not among them.
  package var unlisted = 0

  package init(at: ContinuousClock.Instant, uploads: [UploadSnapshot], memory: ProcessMemory, slabs: SlabUse) {
    self.at = at
    self.uploads = uploads
    self.memory = memory
    self.slabs = slabs
  }
}
