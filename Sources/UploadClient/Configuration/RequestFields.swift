package import UploadCore
import UploadProtocol

/// A header field that the user adds to every request, or that replaces one that sluice usually sends.
package struct HeaderField: Sendable, Equatable {
  /// The field's name as the user wrote it: a token (RFC 9110 section 5.6.2).
  package let name: String
  /// May be empty. Contains no control characters but tabs, and neither begins nor ends with a space or a tab.
  package let value: String

  /// Header fields that frame the request or control the connection. A wrong one could make the server parse a part of the
  /// file as a request (request smuggling), so only sluice sets them.
  private static let reserved: Set<String> = [
    "connection", "content-length", "expect", "keep-alive", "te", "trailer", "transfer-encoding", "upgrade",
  ]

  /// Parses `Name: value`, and removes the spaces and tabs around the value.
  /// - Throws: ``UploadError`` with code `badValue` when there is no colon, the name is no token, the value contains a
  ///   control character other than a tab, or only sluice may set the field.
  package init(_ line: String) throws(UploadError) {
    guard let (name, value) = line.divided(at: UInt8(ascii: ":")) else {
      throw .badValue("\"\(PlainText.sanitized(line))\" is not a header. Write for example \"X-Team: blue\".")
    }
    guard name.utf8.isToken else {
      throw .badValue(
        "\"\(PlainText.sanitized(name))\" is not the name of a header. Use letters, digits and dashes, no spaces."
      )
    }
    guard Self.isFieldValue(value) else {
      throw .badValue("The value of the header \(name) contains a line end or another control character. Remove it.")
    }
    guard !Self.reserved.contains(name.lowercased()) else {
      throw .badValue("The header \(name) is set by sluice itself. Remove it from the options.")
    }
    self.name = name
    self.value = String(Substring(value.utf8.trimmingBlanks))
  }

  /// Whether `text` may be the value of a header field (RFC 9110 section 5.5): it contains no control character but tabs.
  static func isFieldValue(_ text: String) -> Bool {
    text.utf8.allSatisfy { ($0 >= 0x20 && $0 != 0x7F) || $0 == 0x09 }
  }
}

/// A text field that is sent in the form in addition to the file (RFC 7578 section 4.2).
package struct FormValue: Sendable, Equatable {
  package let name: String
  package let value: String

  /// Parses `NAME=VALUE`. The value may be empty, and may contain further `=`.
  /// - Throws: ``UploadError`` with code `badValue` when there is no `=`, the name is empty, or the name or the value
  ///   contains a line end or a NUL.
  package init(parsing text: String) throws(UploadError) {
    guard let (name, value) = text.divided(at: UInt8(ascii: "=")) else {
      throw .badValue("\"\(PlainText.sanitized(text))\" has no =. Write for example path=/inbox.")
    }
    try Self.check(name: name, value: value)
    self.name = name
    self.value = value
  }

  /// Checks the name and the value of a form field; pass no value for the field with the file.
  /// - Throws: ``UploadError`` with code `badValue` when the name is empty, or either contains a line end or a NUL.
  static func check(name: String, value: String = "") throws(UploadError) {
    guard !name.isEmpty else { throw .badValue("The name of a form field is empty. Write for example file.") }
    for (text, title) in [(name, "name"), (value, "value")] {
      guard !text.utf8.contains(where: { $0 == 0x0D || $0 == 0x0A || $0 == 0 }) else {
        throw .badValue(
          "The \(title) of the form field \"\(PlainText.sanitized(name))\" contains a line end or a NUL. Remove it."
        )
      }
    }
  }
}

/// What requests state about a file of a tree beyond its name.
struct TreeDetails: Sendable, Equatable {
  /// Where the server should store the file (``UploadSource/remotePath``); nil for its name alone.
  var remotePath: String?
  /// When its content last changed, in seconds since 1970; nil not to state it.
  var modified: Int64?
  /// The tree that it belongs to; nil for none.
  var group: UploadGroup?

  /// The header fields: `X-OC-Mtime`, as rclone and Nextcloud send it, and `Sluice-Tree`.
  var fields: [(name: String, value: String)] {
    var fields: [(name: String, value: String)] = []
    if let modified { fields.append(("X-OC-Mtime", "\(modified)")) }
    if let group { fields.append(("Sluice-Tree", Self.text(group))) }
    return fields
  }

  /// A group as a structured dictionary (RFC 9651 section 3.2).
  private static func text(_ group: UploadGroup) -> String {
    var members = ["id=\(string(group.id))", "name=\(string(group.name))"]
    if let files = group.files { members.append("files=\(min(files, largestInteger))") }
    if let bytes = group.bytes { members.append("bytes=\(min(bytes, largestInteger))") }
    return members.joined(separator: ", ")
  }

  /// The largest integer of a structured field: 15 digits.
  private static let largestInteger: UInt64 = 999_999_999_999_999

  /// A string, or a display string (section 3.3.8) for a text that is not ASCII.
  private static func string(_ text: String) -> String {
    guard text.utf8.allSatisfy({ (0x20..<0x7F).contains($0) }) else {
      let escaped = text.utf8.map { byte in
        (0x20..<0x7F).contains(byte) && byte != UInt8(ascii: "\"") && byte != UInt8(ascii: "%")
          ? String(UnicodeScalar(byte)) : "%" + Hexadecimal.text([byte])
      }
      return "%\"" + escaped.joined() + "\""
    }
    let escaped = text.map { $0 == "\"" || $0 == "\\" ? "\\\($0)" : "\($0)" }
    return "\"" + escaped.joined() + "\""
  }
}

extension UploadError {
  /// The error, with code `badValue`, for an option's value that cannot be used.
  static func badValue(_ message: String) -> UploadError { UploadError(.badValue, message) }
}

extension String {
  /// The text before the first `separator` and the text after it; nil without one.
  /// - Parameter separator: an ASCII character. Compared are bytes: a combining mark after it changes nothing.
  fileprivate func divided(at separator: UInt8) -> (String, String)? {
    guard let index = utf8.firstIndex(of: separator) else { return nil }
    return (String(self[..<index]), String(self[utf8.index(after: index)...]))
  }
}
