package import UploadCore

/// The target of a request in its usual form, `/path?query` (RFC 9112 section 3.2.1).
package struct RequestTarget: Sendable, Equatable {
  /// Everything before the first `?`, as it was written; begins with a slash.
  package let path: String

  /// Everything after the first `?`, as it was written; nil without one.
  package let query: String?

  /// Throws `.badRequest` when the target does not begin with a slash.
  package init(_ target: String) throws(UploadError) {
    guard target.utf8.first == UInt8(ascii: "/") else {
      throw UploadError(.badRequest, "The request target \(Excerpt.quoted(target)) is not a path; begin it with /.")
    }
    let path = target.utf8.prefix { $0 != UInt8(ascii: "?") }
    self.path = String(Substring(path))
    query = path.endIndex < target.endIndex ? String(Substring(target.utf8[path.endIndex...].dropFirst())) : nil
  }

  /// The path's last component with its escapes undone; nil when the path ends in a slash.
  ///
  /// An escaped slash comes back as a slash, `..` as it is: the rules for names of files are yet to be applied.
  /// Throws `.badRequest` when an escape is malformed.
  package func lastPathComponent() throws(UploadError) -> NameBytes? {
    let component = path.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false).last
    guard let component, !component.isEmpty else { return nil }
    return try Self.name(component, within: path)
  }

  /// The value of a parameter that is a name, byte for byte; otherwise as ``parameter(_:)``.
  package func nameParameter(_ name: String) throws(UploadError) -> NameBytes? {
    guard let (pair, value) = pair(name) else { return nil }
    return try Self.name(value, within: String(Substring(pair)), plusIsSpace: true)
  }

  /// Whether ``lastPathComponent()`` leaves out directories of the path: anything else than `/NAME`, or `/files/NAME`
  /// under which files are fetched.
  package var hasDirectories: Bool {
    let components = path.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false).dropFirst()
    return components.count > (components.first.map { $0.elementsEqual("files".utf8) } ?? false ? 2 : 1)
  }

  /// The value of a parameter in the query with its escapes undone, `+` being a space; nil when there is none of that
  /// name. Of repeated parameters the first counts; one without `=` is empty.
  ///
  /// Throws `.badRequest` when an escape in the value is malformed.
  package func parameter(_ name: String) throws(UploadError) -> String? {
    guard let (pair, rest) = pair(name) else { return nil }
    guard let value = PercentEncoding.decodedBytes(rest, plusIsSpace: true) else {
      throw Self.malformed(String(Substring(pair)))
    }
    return value.repairedText
  }

  /// The first `name=value` in the query with that name, and its value, both as they were written.
  private func pair(_ name: String) -> (pair: Substring.UTF8View, value: Substring.UTF8View)? {
    for pair in (query ?? "").utf8.split(separator: UInt8(ascii: "&")) {
      let key = pair.prefix { $0 != ASCII.equals }
      guard PercentEncoding.decodedBytes(key, plusIsSpace: true)?.repairedText == name else { continue }
      return (pair, pair[key.endIndex...].dropFirst())
    }
    return nil
  }

  /// What NIO puts in place of bytes that are not UTF-8 and not escaped: the original bytes are lost.
  private static let replacement = Array("\u{FFFD}".utf8)

  private static func name(
    _ escaped: Substring.UTF8View,
    within text: String,
    plusIsSpace: Bool = false
  ) throws(UploadError) -> NameBytes {
    guard Array(escaped).firstRange(of: replacement) == nil else {
      throw UploadError(
        .badRequest,
        "The name in \(Excerpt.quoted(text)) has bytes that are not UTF-8. Percent-encode them, such as %E9 for 0xE9."
      )
    }
    guard let name = PercentEncoding.decodedBytes(escaped, plusIsSpace: plusIsSpace) else { throw malformed(text) }
    return NameBytes(name)
  }

  private static func malformed(_ text: String) -> UploadError {
    UploadError(
      .badRequest,
      "A % in \(Excerpt.quoted(text)) is not followed by two hexadecimal digits; write %25 for a percent sign."
    )
  }
}

/// Percent-encoding of paths and queries (RFC 3986 section 2.1).
package enum PercentEncoding {
  /// Returns `text` with its escapes undone; nil when a `%` is not followed by two hexadecimal digits. Bytes that do not
  /// make up UTF-8 are repaired with U+FFFD. `plusIsSpace` is for values of a query, where forms write `+` for a space.
  package static func decode(_ text: some StringProtocol, plusIsSpace: Bool = false) -> String? {
    decodedBytes(text.utf8, plusIsSpace: plusIsSpace)?.repairedText
  }

  /// Returns `text` with every byte escaped that is not unreserved (RFC 3986 section 2.3): fit for one segment of a path
  /// and for a name or value of a query.
  package static func encode(_ text: String) -> String {
    encode(text.utf8)
  }

  /// The same for bytes, which need not be UTF-8.
  package static func encode(_ bytes: some Sequence<UInt8>) -> String {
    var result: [UInt8] = []
    for byte in bytes {
      if isUnreserved(byte) {
        result.append(byte)
      } else {
        result += [ASCII.percent, ASCII.hexDigit(byte >> 4), ASCII.hexDigit(byte)]
      }
    }
    return result.repairedText
  }

  /// ``decode(_:plusIsSpace:)`` before the bytes are taken as text.
  package static func decodedBytes(_ text: some Collection<UInt8>, plusIsSpace: Bool = false) -> [UInt8]? {
    Hexadecimal.undoingEscapes(in: text, mark: ASCII.percent, space: plusIsSpace ? ASCII.plus : nil)
  }

  private static func isUnreserved(_ byte: UInt8) -> Bool {
    ASCII.isAlphanumeric(byte) || byte == ASCII.dash || byte == UInt8(ascii: ".") || byte == UInt8(ascii: "_")
      || byte == UInt8(ascii: "~")
  }
}
