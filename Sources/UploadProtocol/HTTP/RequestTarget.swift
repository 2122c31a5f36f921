import Basics
package import UploadCore

/// The target of a request in its usual form, `/path?query` (RFC 9112 section 3.2.1).
package struct RequestTarget: Sendable, Equatable {
  /// A part of the target, as it was sent.
  private typealias Bytes = Substring.UTF8View

  /// Everything before the first `?`, as it was sent; begins with a slash.
  package let path: String

  /// Everything after the first `?`, as it was sent; nil without a `?`.
  package let query: String?

  /// Splits the target of a request line at its first `?`.
  /// - Throws: ``UploadError`` with code `badRequest` where the target does not begin with a slash.
  package init(_ target: String) throws(UploadError) {
    guard target.utf8.first == UInt8(ascii: "/") else {
      throw UploadError(.badRequest, "The request target \(Excerpt.quoted(target)) is not a path. Begin it with /.")
    }
    guard target.utf8.contains(UInt8(ascii: "?")) else {
      (path, query) = (target, nil)
      return
    }
    let path = target.utf8.prefix { $0 != UInt8(ascii: "?") }
    self.path = String(Substring(path))
    query = path.endIndex < target.endIndex ? String(Substring(target.utf8[path.endIndex...].dropFirst())) : nil
  }

  /// The path's last component, percent-decoded; nil where the path ends in a slash. A `+` is a plus sign.
  ///
  /// It may contain a slash that was escaped, and may be `..`: the caller must apply the rules for file names
  /// (``FileName``).
  /// - Throws: ``UploadError`` with code `badRequest` where the component has a malformed escape or an unescaped
  ///   U+FFFD: NIO puts it in place of bytes that are not UTF-8, which are lost.
  package func lastPathComponent() throws(UploadError) -> NameBytes? {
    let component = path.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false).last
    guard let component, !component.isEmpty else { return nil }
    return try Self.name(component, within: path, plusIsSpace: false)
  }

  /// The path's components, percent-decoded each by itself: `/a%2Fb/c` has the components `a/b` and `c`. The first is
  /// empty for `//a`, the last for a path that ends in a slash. A `+` is a plus sign.
  ///
  /// Each may contain a slash that was escaped, and may be `..`: the caller must apply the rules for paths
  /// (``FilePath``).
  /// - Throws: as ``lastPathComponent()``, for any component.
  package func pathComponents() throws(UploadError) -> [NameBytes] {
    if let components = plainComponents { return components }
    var components: [NameBytes] = []
    for component in path.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false).dropFirst() {
      components.append(try Self.name(component, within: path, plusIsSpace: false))
    }
    return components
  }

  /// The path's components where it has nothing but ASCII without escapes, as most paths; nil for others.
  private var plainComponents: [NameBytes]? {
    var path = path
    return path.withUTF8 { bytes in
      guard bytes.allSatisfy({ $0 < 0x80 && $0 != ASCII.percent }) else { return nil }
      return bytes.dropFirst().split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        .map { NameBytes(Array($0)) }
    }
  }

  /// The decoded value of the first query parameter with a name, for a parameter that is a file name: bytes that are
  /// not UTF-8 are preserved. `+` stands for a space; empty without `=`, nil where there is no such parameter.
  /// - Throws: ``UploadError`` with code `badRequest` where the value has a malformed escape or an unescaped U+FFFD:
  ///   NIO puts it in place of bytes that are not UTF-8, which are lost.
  package func nameParameter(_ name: String) throws(UploadError) -> NameBytes? {
    guard let (pair, value) = pair(name) else { return nil }
    return try Self.name(value, within: String(Substring(pair)), plusIsSpace: true)
  }

  /// Whether the path has directories that ``lastPathComponent()`` omits. False for `/`, `/NAME`, and `/files/NAME`,
  /// which is the path to download a file; true for all others, such as `/a/b`, `/a/` and `//a`.
  package var hasDirectories: Bool {
    let components = path.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false).dropFirst()
    return components.count > (components.first?.elementsEqual("files".utf8) == true ? 2 : 1)
  }

  /// The decoded value of the first query parameter with a name, where `+` stands for a space; empty for a parameter
  /// without `=`, nil where there is no such parameter. Bytes that are not UTF-8 become U+FFFD.
  /// - Throws: ``UploadError`` with code `badRequest` where an escape in the value is malformed.
  package func parameter(_ name: String) throws(UploadError) -> String? {
    guard let (pair, value) = pair(name) else { return nil }
    return try Self.decoded(value, within: String(Substring(pair)), plusIsSpace: true).repairedText
  }

  /// The first parameter of the query with that name once decoded, as `name=value`, and its value, both as they were
  /// sent; nil where there is none. The value is empty without `=`.
  private func pair(_ name: String) -> (pair: Bytes, value: Bytes)? {
    for pair in (query ?? "").utf8.split(separator: UInt8(ascii: "&")) {
      let key = pair.prefix { $0 != ASCII.equals }
      guard PercentEncoding.decodedBytes(key, plusIsSpace: true)?.repairedText == name else { continue }
      return (pair, pair[key.endIndex...].dropFirst())
    }
    return nil
  }

  /// U+FFFD, with which NIO replaces unescaped bytes that are not UTF-8: the original bytes are lost.
  private static let replacement = Array("\u{FFFD}".utf8)

  private static func name(_ escaped: Bytes, within text: String, plusIsSpace: Bool) throws(UploadError) -> NameBytes {
    guard !escaped.containsBytes(replacement) else {
      throw UploadError(
        .badRequest,
        "The name in \(Excerpt.quoted(text)) has bytes that are not UTF-8. Percent-encode them, such as %E9 for 0xE9."
      )
    }
    return NameBytes(try decoded(escaped, within: text, plusIsSpace: plusIsSpace))
  }

  private static func decoded(_ escaped: Bytes, within text: String, plusIsSpace: Bool) throws(UploadError) -> [UInt8] {
    if let bytes = PercentEncoding.decodedBytes(escaped, plusIsSpace: plusIsSpace) { return bytes }
    throw UploadError(
      .badRequest,
      "A % in \(Excerpt.quoted(text)) is not followed by two hexadecimal digits. Write %25 for a percent sign."
    )
  }
}

/// Percent-encoding of paths and queries (RFC 3986 section 2.1).
package enum PercentEncoding {
  /// Escapes every byte of `text` in UTF-8 that is not unreserved (RFC 3986 section 2.3): for one segment of a path, or
  /// a name or value of a query. A slash is escaped, a space becomes `%20`.
  package static func encode(_ text: String) -> String {
    encode(text.utf8)
  }

  /// Escapes every byte that is not unreserved, like `encode(_:)` for text. The bytes need not be UTF-8.
  package static func encode(_ bytes: some Sequence<UInt8>) -> String {
    var result: [UInt8] = []
    result.reserveCapacity(bytes.underestimatedCount)
    for byte in bytes {
      if isUnreserved(byte) {
        result.append(byte)
      } else {
        result += [ASCII.percent, ASCII.hexDigit(byte >> 4), ASCII.hexDigit(byte)]
      }
    }
    return result.repairedText
  }

  /// Escapes each component of a path by itself, and not the slashes between them. The bytes need not be UTF-8.
  package static func encode(path bytes: [UInt8]) -> String {
    let slash = UInt8(ascii: "/")
    // As most are.
    if bytes.allSatisfy({ isUnreserved($0) || $0 == slash }) { return String(decoding: bytes, as: UTF8.self) }
    return bytes.split(separator: slash, omittingEmptySubsequences: false).map { encode($0) }.joined(separator: "/")
  }

  /// Whether a byte is itself in a URI (RFC 3986 section 2.3).
  private static func isUnreserved(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "~"): true
    default: ASCII.isAlphanumeric(byte)
    }
  }

  /// Decodes the percent escapes of a text; nil where a `%` is not followed by two hexadecimal digits.
  /// - Parameter plusIsSpace: whether `+` stands for a space, as in the query of a form.
  /// - Returns: bytes that need not be UTF-8.
  package static func decodedBytes(_ text: some Collection<UInt8>, plusIsSpace: Bool = false) -> [UInt8]? {
    Hexadecimal.undoingEscapes(in: text, mark: ASCII.percent, space: plusIsSpace ? ASCII.plus : nil)
  }
}
