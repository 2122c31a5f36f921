/// A tree of files that one program sends, or one form: its files are shown together.
///
/// A client states it in the field `Sluice-Tree` of each request; a form is a group by itself.
package struct UploadGroup: Sendable, Hashable {
  /// The same for all files of the group: chosen at random by the client, or the form's request.
  package let id: String
  /// What is sent, such as `photos`; made safe to show.
  package let name: String
  /// How many files it has, and their bytes together, as the sender states; nil where it does not.
  package let files: UInt64?
  package let bytes: UInt64?

  package init(id: String, name: String, files: UInt64? = nil, bytes: UInt64? = nil) {
    (self.id, self.name, self.files, self.bytes) = (id, name, files, bytes)
  }
}

/// A tree, or the files of one form, at one instant: made by the ``Sampler``.
package struct GroupSnapshot: Sendable, Equatable {
  package var direction: UploadDirection
  /// The same as in the ``UploadGroup`` of its files.
  package var id: String
  package var name: String
  /// Peer and mode of its first file.
  package var remote: String
  package var mode: UploadMode
  /// The sender's name that its first file states, safe to show; nil without one.
  package var sender: String?
  /// How many files it has, and their bytes together, as the sender states; nil where it does not, and where more than that
  /// has arrived. At the end of a tree its bytes are not below those that have moved.
  package var files: UInt64?
  package var bytes: UInt64?

  package var filesFinished: UInt64 = 0
  package var filesFailed: UInt64 = 0
  package var filesCancelled: UInt64 = 0
  package var filesActive = 0
  /// How many of the active files are stalled.
  package var filesStalled = 0
  /// How many of the active files are interrupted or paused.
  package var filesResting = 0
  /// How many of the active files are paused.
  package var filesPaused = 0
  /// The sizes of the finished files together.
  package var bytesFinished: UInt64 = 0
  /// ``bytesFinished``, and what the active files have moved so far.
  package var bytesMoved: UInt64 = 0
  /// How many of these bytes were not moved by this process, as its files have continued at an offset.
  package var bytesSkipped: UInt64 = 0

  /// Seconds since the last byte while all active files are stalled, or since the last end while none is active and
  /// more are expected; 0 while it is not stalled.
  package var stalledSeconds = 0.0
  /// Bytes per second, smoothed over about three seconds; 0 while it is stalled or rests, and once it has ended.
  package var speed = 0.0
  /// Estimated seconds until the last byte; nil where the bytes are unknown, in the first second, while no byte moves, and at the end.
  package var eta: Double?
  /// Seconds from the beginning of the first file until now, or until the last end where no file is active.
  package var seconds = 0.0
  /// Whether no further file is expected: as many as the sender states have ended, or none has been active for
  /// ``GroupSampler/endsAfter``. A file that begins later continues it.
  package var hasEnded = false
  /// Whether the user has paused it as a whole: no further file begins, and those that cannot be paused are completed.
  package var isPaused = false
  /// The limit that the user has set on the rate of its files together, in bytes per second; nil for none.
  package var limit: UInt64?
  /// Whether the user has cancelled it as a whole, or of an incoming one the last active files.
  package var isCancelled = false

  package var isStalled: Bool { stalledSeconds > 0 }

  /// Whether nothing but time changes until a file of it begins or continues: it has ended, or all of its active files
  /// are interrupted or paused, of which a paused one may have none.
  package var isResting: Bool { hasEnded || filesResting == filesActive && (filesActive > 0 || isPaused) }

  /// Files that have ended, however.
  package var filesEnded: UInt64 { filesFinished &+ filesFailed &+ filesCancelled }

  /// The least number of its files: those that the sender states, or that have begun.
  package var filesKnown: UInt64 { max(files ?? 0, filesEnded &+ UInt64(max(0, filesActive))) }

  /// Files that have neither ended nor are active, of those that the sender states; 0 where it does not.
  package var filesLeft: UInt64 {
    guard let files else { return 0 }
    let known = filesEnded &+ UInt64(max(0, filesActive))
    return files > known ? files - known : 0
  }

  /// The share that has been moved, 0 to 1: of the bytes where they are known, otherwise of the files; nil where both
  /// are unknown.
  package var fraction: Double? {
    if let bytes, bytes > 0 { return min(1, Double(bytesMoved) / Double(bytes)) }
    guard let files else { return nil }
    return files == 0 ? 1 : min(1, Double(filesEnded) / Double(files))
  }
}
