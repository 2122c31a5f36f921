/// How much of everything but files a form may hold. Past the first of these it is malformed, past the others too large.
package struct MultipartLimits: Sendable, Equatable {
  /// Bytes before the first boundary, by default 8 KiB.
  package var preambleBytes = 8 << 10
  /// Header fields of one part, by default 16.
  package var headersPerPart = 16
  /// Bytes of one part's header section with its empty line, and of blanks after the boundary before it, by default
  /// 8 KiB.
  package var headerBytesPerPart = 8 << 10
  /// Parts of any kind in one form, by default 10,000.
  package var parts = 10_000
  /// File parts in one form, by default 1,000; a form control without a file chosen does not count.
  package var files = 1000
  /// Bytes of one text field, by default 64 KiB.
  package var fieldBytes = 64 << 10
  /// Bytes of all text fields of one form, by default 1 MiB.
  package var allFieldBytes = 1 << 20

  package init() {}
}
