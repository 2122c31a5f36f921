package import UploadCore

/// A header field that the user adds to every request, or puts in the place of one of the usual ones.
package struct HeaderField: Sendable, Equatable {
  /// A token (RFC 9110 section 5.6.2).
  package let name: String
  /// Visible characters, spaces and tabs, without any of these at its ends.
  package let value: String

  /// Header fields that say where a request ends or how the connection goes on; wrong ones would let a part of a file be
  /// taken for a request, so they are sluice's own.
  private static let reserved: Set<String> = [
    "connection", "content-length", "expect", "keep-alive", "te", "trailer", "transfer-encoding", "upgrade",
  ]

  /// Reads `Name: value`.
  /// - Throws: ``UploadError`` with code `badValue` when the name is no token, the value could break out of its line, or
  ///   the field is one that only sluice may set.
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
