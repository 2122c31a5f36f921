/// What can be sent of a source in several requests: all bytes of a file, the last ones of a pipe.
struct ResumeExtent: Sendable, Equatable {
  /// Offset of the first byte that can be sent, or sent again; 0 for a file.
  var start: UInt64 = 0
  /// The size of a file; of a pipe how many bytes were read so far.
  var end: UInt64
  /// Whether more bytes may follow: those of a pipe, until it has ended.
  var isOpen = false

  /// Bytes of the source; nil until it is known.
  var size: UInt64? { isOpen ? nil : end }
}
