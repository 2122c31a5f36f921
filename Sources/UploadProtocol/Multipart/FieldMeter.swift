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
