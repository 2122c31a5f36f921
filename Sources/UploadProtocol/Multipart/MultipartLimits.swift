import UploadCore

/// How much of everything except the files' content a form may contain; exactly a limit is allowed. A preamble over its
/// limit makes the form malformed; everything else over its limit makes it too large.
package struct MultipartLimits: Sendable, Equatable {
  /// Bytes before the first delimiter, by default 8 KiB.
  package var preambleBytes = 8 << 10
  /// Header fields of one part, by default 16.
  package var headersPerPart = 16
  /// Bytes of one part's header section with its empty line, and of spaces and tabs after the boundary before it, by
  /// default 8 KiB.
  package var headerBytesPerPart = 8 << 10
  /// Parts of any kind in one form, by default 10,000.
  package var parts = 10_000
  /// Files in one form, by default 1,000; a form control without a file chosen does not count.
  package var files = 1000
  /// Bytes of one text field, by default 64 KiB.
  package var fieldBytes = 64 << 10
  /// Bytes of all text fields of one form, by default 1 MiB.
  package var allFieldBytes = 1 << 20
  /// Bytes of a text field that is reported (``MultipartParser/reportedField``), by default 400.
  package var reportedFieldBytes = 400

  package init() {}
}

extension Int {
  /// Adds `count`, which is not negative, to a counter within a limit.
  /// - Throws: ``UploadError`` with this code and message where the sum would exceed `limit`; the counter is unchanged.
  mutating func add(
    _ count: Int,
    upTo limit: Int,
    code: UploadError.Code = .tooLarge,
    _ message: @autoclosure () -> String
  ) throws(UploadError) {
    // A subtraction cannot overflow here, an addition could.
    guard count <= limit - self else { throw UploadError(code, message()) }
    self += count
  }
}
