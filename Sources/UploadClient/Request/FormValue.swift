package import UploadCore

/// A text field that goes into a form beside the file (RFC 7578 section 4.2).
package struct FormValue: Sendable, Equatable {
  package let name: String
  package let value: String

  /// Reads `NAME=VALUE`; the value may be empty and hold further `=`.
  /// - Throws: ``UploadError`` with code `badValue`.
  package init(parsing text: String) throws(UploadError) {
    guard let equals = text.utf8.firstIndex(of: UInt8(ascii: "=")) else {
      throw UploadError(.badValue, "\"\(PlainText.sanitized(text))\" has no =. Write for example path=/inbox.")
    }
    try self.init(name: String(text[..<equals]), value: String(text[text.utf8.index(after: equals)...]))
  }

  /// - Throws: ``UploadError`` with code `badValue`: the name is empty, or one of them has a line end or a NUL.
  package init(name: String, value: String) throws(UploadError) {
    try Self.checkName(name)
    guard !Self.breaksLine(value) else {
      throw UploadError(
        .badValue,
        "The value of the form field \"\(PlainText.sanitized(name))\" has a line end or a NUL in it; leave it out."
      )
    }
    self.name = name
    self.value = value
  }

  /// - Throws: ``UploadError`` with code `badValue`.
  static func checkName(_ name: String) throws(UploadError) {
    guard !name.isEmpty else {
      throw UploadError(.badValue, "The name of a form field is empty. Write for example file.")
    }
    guard !breaksLine(name) else {
      throw UploadError(
        .badValue,
        "The name of the form field \"\(PlainText.sanitized(name))\" has a line end or a NUL in it; leave it out."
      )
    }
  }

  private static func breaksLine(_ text: String) -> Bool {
    text.utf8.contains { $0 == 0x0D || $0 == 0x0A || $0 == 0 }
  }
}
