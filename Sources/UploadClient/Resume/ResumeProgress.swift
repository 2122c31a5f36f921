/// How much of a resumable upload the server has stored, and whether that grows: else a server that is wrong about it would
/// get any number of requests without a pause.
struct ResumeProgress {
  /// Fewer bytes than this, counted since the last progress, are none unless they are the whole of a request or the end of the
  /// file: else a server that stores a byte of each request would get any number of them without a pause.
  private static let leastProgress: UInt64 = 64 * 1024
  /// How often in succession a request follows at once although the server has not stored all of the last one, without progress.
  private static let conflictLimit = 3

  /// How many bytes the server has stored, as far as it has said.
  private(set) var offset: UInt64 = 0
  /// The offset at the last progress; there is more as ``adopt(_:isWhole:)`` decides.
  private(set) var furthest: UInt64 = 0
  /// Offset beyond which the server can have nothing: what was sent; for an upload of an earlier run everything.
  private var reach: UInt64
  private var conflicts = 0

  /// - Parameter isEarlier: whether an earlier run has created the upload, and may have sent all of it.
  init(isEarlier: Bool) {
    reach = isEarlier ? .max : 0
  }

  /// Whether further requests must wait: too many have followed at once without progress.
  var isStuck: Bool { conflicts >= Self.conflictLimit }

  /// Whether the server can have stored this many bytes.
  /// - Parameter end: bytes of the source, as far as it was read.
  func isPossible(_ stored: UInt64, of end: UInt64) -> Bool { stored <= min(end, reach) }

  /// A request may have brought the server bytes up to this offset.
  mutating func sent(upTo offset: UInt64) {
    reach = max(reach, offset)
  }

  /// A request follows at once although the server has not stored all of the last one.
  mutating func noteConflict() {
    conflicts += 1
  }

  /// The upload was created by a request without content: whatever the server says, it has nothing of this file.
  mutating func begin() {
    offset = 0
  }

  /// Continues at the server's offset.
  /// - Parameter isWhole: whether the server has stored all bytes of a request, or all of the file.
  /// - Returns: whether there was progress, which allows further requests at once, and short pauses.
  @discardableResult
  mutating func adopt(_ stored: UInt64, isWhole: Bool) -> Bool {
    offset = stored
    guard stored > furthest, isWhole || stored - furthest >= Self.leastProgress else { return false }
    (furthest, conflicts) = (stored, 0)
    return true
  }
}
