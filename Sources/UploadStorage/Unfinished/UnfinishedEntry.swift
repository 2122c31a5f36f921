import UploadCore

/// What the record of an unfinished upload contains: the upload itself, and what only the store needs.
package struct UnfinishedEntry: Sendable, Equatable {
  /// The upload. Its offset is the one that has been promised: it survives a power failure as far as the durability
  /// requires.
  package var record: UnfinishedRecord
  /// The boot of the system in which the counter file was written; see ``UnfinishedClock/bootID``.
  package var bootID: String
  /// What is needed to publish the file after a crash; nil unless the state is `publishing`.
  package var publication: Publication?

  /// A file that has been complete and synced before its record said so.
  package struct Publication: Sendable, Equatable {
    /// The inode of the file, by which it is found once it has its name.
    var inode: UInt64
    /// The path that was requested.
    var path: FilePath
    /// The modification time that was requested, in seconds since 1970; nil for none.
    var modified: Int64?
    /// The media type to note with it; nil for none.
    var type: String?
    var digests: ContentDigests
  }

  /// - Parameter bootID: empty where there is no counter file.
  package init(record: UnfinishedRecord, bootID: String = "", publication: Publication? = nil) {
    (self.record, self.bootID, self.publication) = (record, bootID, publication)
  }

  /// Whether the upload's content and state are what they were in another version of its record.
  func hasSameBytes(as other: UnfinishedEntry) -> Bool {
    (record.state, record.offset, publication) == (other.record.state, other.record.offset, other.publication)
  }

  /// Whether other uploads are being copied into it, or were when the server stopped.
  var isConcatenating: Bool { record.state == .unfinished && record.properties["concatenating"] == "1" }

  /// Notes that the upload cannot be continued.
  mutating func markGone() { (record.state, record.offset, publication) = (.gone, 0, nil) }

  /// Whether the upload may be deleted at a time, in seconds since 1970.
  func isExpired(at now: Int64) -> Bool { record.expires <= now }

  /// Corrects the times of an upload that was created in the future: the clock has been set back. It is kept as long
  /// as it would have been from its creation on, but from now on.
  /// - Returns: whether they were changed.
  mutating func correctTimes(at now: Int64) -> Bool {
    guard record.created > now else { return false }
    let (lifetime, isWrong) = record.expires.subtractingReportingOverflow(record.created)
    let (expires, isTooLate) = now.addingReportingOverflow(isWrong ? 0 : max(0, lifetime))
    record.created = now
    record.expires = isTooLate ? .max : expires
    return true
  }
}
