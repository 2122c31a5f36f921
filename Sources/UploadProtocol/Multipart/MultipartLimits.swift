import UploadCore

/// Holds the parts, files and text fields of one form to their bounds.
struct FieldMeter {
  private let limits: MultipartLimits
  private var parts = 0
  private var files = 0
  private var fieldBytes = 0
  private var allFieldBytes = 0

  init(limits: MultipartLimits) {
    self.limits = limits
  }

  /// Throws `.tooLarge` when this part is one too many.
  mutating func beginPart() throws(UploadError) {
    guard parts < limits.parts else {
      throw UploadError(.tooLarge, "The form has more than \(limits.parts) parts, the limit. Send it as several forms.")
    }
    parts += 1
    fieldBytes = 0
  }

  /// Throws `.tooLarge` when this file is one too many.
  mutating func beginFile() throws(UploadError) {
    guard files < limits.files else {
      throw UploadError(
        .tooLarge,
        "The form has more than \(limits.files) files, the limit of this server. Send them as several forms."
      )
    }
    files += 1
  }

  /// Counts bytes of the text field at hand. Throws `.tooLarge` when it, or all of them together, are too long.
  mutating func addToField(_ length: Int) throws(UploadError) {
    guard length <= limits.fieldBytes - fieldBytes else {
      throw UploadError(
        .tooLarge,
        "A text field is over \(limits.fieldBytes) bytes; to send a file, give its part a filename."
      )
    }
    guard length <= limits.allFieldBytes - allFieldBytes else {
      throw UploadError(
        .tooLarge,
        "The text fields together are over \(limits.allFieldBytes) bytes; to send files, give their parts a filename."
      )
    }
    fieldBytes += length
    allFieldBytes += length
  }
}

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
