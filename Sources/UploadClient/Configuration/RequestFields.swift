package import UploadCore

/// A header field that the user adds to every request, or that replaces one of the usual ones.
package struct HeaderField: Sendable, Equatable {
  /// A token (RFC 9110 section 5.6.2).
  package let name: String
  /// Visible characters, spaces and tabs; neither begins nor ends with a space or a tab.
  package let value: String

  /// Header fields that frame the request or control the connection. A wrong one could make the server parse a part of the
  /// file as a request (request smuggling), so only sluice sets them.
  private static let reserved: Set<String> = [
    "connection", "content-length", "expect", "keep-alive", "te", "trailer", "transfer-encoding", "upgrade",
  ]

  /// Parses `Name: value`.
  /// - Throws: ``UploadError`` with code `badValue` when the name is no token, the value holds a control character, or
  ///   only sluice may set the field.
  package init(_ line: String) throws(UploadError) {
    guard let colon = line.utf8.firstIndex(of: UInt8(ascii: ":")) else {
      throw UploadError(
        .badValue,
        "\"\(PlainText.sanitized(line))\" is not a header. Write for example \"X-Team: blue\"."
      )
    }
    try self.init(name: String(line[..<colon]), value: String(line[line.utf8.index(after: colon)...]))
  }

  /// - Throws: as ``init(_:)``.
  package init(name: String, value: String) throws(UploadError) {
    guard !name.isEmpty, name.utf8.allSatisfy(Self.isTokenByte) else {
      throw UploadError(
        .badValue,
        "\"\(PlainText.sanitized(name))\" is not the name of a header: it may hold letters, digits and dashes, no spaces."
      )
    }
    guard Self.isFieldValue(value) else {
      throw UploadError(
        .badValue,
        "The value of the header \(name) holds a line end or another control character; leave it out."
      )
    }
    guard !Self.reserved.contains(name.lowercased()) else {
      throw UploadError(.badValue, "The header \(name) is set by sluice itself and cannot be given.")
    }
    self.name = name
    self.value = Self.trimmed(value)
  }

  /// Whether `text` is a token (RFC 9110 section 5.6.2), as methods and names of header fields must be.
  static func isToken(_ text: String) -> Bool {
    !text.isEmpty && text.utf8.allSatisfy(isTokenByte)
  }

  /// Whether `text` may stand as the value of a header field: no control character but the tab (RFC 9110 section 5.5).
  static func isFieldValue(_ text: String) -> Bool {
    text.utf8.allSatisfy { ($0 >= 0x20 && $0 != 0x7F) || $0 == 0x09 }
  }

  private static func trimmed(_ text: String) -> String {
    let isBlank = { (scalar: Unicode.Scalar) in scalar == " " || scalar == "\t" }
    var scalars = text.unicodeScalars[...]
    while let first = scalars.first, isBlank(first) { scalars.removeFirst() }
    while let last = scalars.last, isBlank(last) { scalars.removeLast() }
    return String(scalars)
  }

  private static func isTokenByte(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"):
      true
    default: "!#$%&'*+-.^_`|~".utf8.contains(byte)
    }
  }
}

/// A text field that is sent in the form in addition to the file (RFC 7578 section 4.2).
package struct FormValue: Sendable, Equatable {
  package let name: String
  package let value: String

  /// Parses `NAME=VALUE`. The value may be empty, and may contain further `=`.
  /// - Throws: ``UploadError`` with code `badValue`.
  package init(parsing text: String) throws(UploadError) {
    guard let equals = text.utf8.firstIndex(of: UInt8(ascii: "=")) else {
      throw UploadError(.badValue, "\"\(PlainText.sanitized(text))\" has no =. Write for example path=/inbox.")
    }
    try self.init(name: String(text[..<equals]), value: String(text[text.utf8.index(after: equals)...]))
  }

  /// - Throws: ``UploadError`` with code `badValue`: the name is empty, or the name or the value contains a line end or a NUL.
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
