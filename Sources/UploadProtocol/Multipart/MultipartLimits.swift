import UploadCore

/// How much of everything except files a form may contain. A preamble over its limit makes the form malformed;
/// everything else over its limit makes it too large.
package struct MultipartLimits: Sendable, Equatable {
  /// Bytes before the first boundary, by default 8 KiB.
  package var preambleBytes = 8 << 10
  /// Header fields of one part, by default 16.
  package var headersPerPart = 16
  /// Bytes of one part's header section with its empty line, and of spaces and tabs after the boundary before it, by
  /// default 8 KiB.
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

extension Int {
  /// Adds `count` to a counter, within a limit.
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

/// Counts the parts, files and text fields of one form and enforces their limits.
struct FieldMeter {
  private let limits: MultipartLimits
  private var parts = 0
  private var files = 0
  private var fieldBytes = 0
  private var allFieldBytes = 0

  init(limits: MultipartLimits) {
    self.limits = limits
  }

  /// Counts a part of any kind.
  /// - Throws: ``UploadError`` with code `tooLarge` where it exceeds the limit.
  mutating func beginPart() throws(UploadError) {
    let limit = limits.parts
    try parts.add(1, upTo: limit, "The form has more than \(limit) parts, the limit. Send it as several forms.")
    fieldBytes = 0
  }

  /// Counts a file.
  /// - Throws: ``UploadError`` with code `tooLarge` where it exceeds the limit.
  mutating func beginFile() throws(UploadError) {
    let limit = limits.files
    try files.add(1, upTo: limit, "The form has more than \(limit) files, the limit. Send them as several forms.")
  }

  /// Counts bytes of the current text field.
  /// - Throws: ``UploadError`` with code `tooLarge` where the field, or all fields together, exceed their limit.
  mutating func addToField(_ count: Int) throws(UploadError) {
    let (limit, total) = (limits.fieldBytes, limits.allFieldBytes)
    try fieldBytes.add(count, upTo: limit, "A text field exceeds \(limit) bytes. To send a file, add a filename.")
    try allFieldBytes.add(count, upTo: total, "The text fields exceed \(total) bytes. To send files, add filenames.")
  }
}
