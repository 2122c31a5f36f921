import Basics
package import UploadCore

/// The names in a Content-Disposition field. Untrusted: neither safe to show nor safe to open.
package struct ContentDisposition: Sendable, Equatable {
  /// The `name` parameter without escapes: the name of the form's control. Nil without one; bytes that are not UTF-8
  /// become U+FFFD.
  package let name: String?

  /// The file's name, decoded, with any directories still in it; may be empty. Nil where the field has none, or, in a
  /// request's header, only a `filename*` that cannot be decoded.
  package let filename: NameBytes?

  /// Reads the field of a form's part (RFC 7578 section 4.2), as the usual clients write it. Never fails: a file name
  /// that cannot be decoded is used as it was sent.
  ///
  /// `filename` takes precedence over `filename*`, which RFC 7578 forbids here: a client could use it to show one name
  /// to a filter and another to the server. Where `filename` looks encoded as RFC 2047 describes (.NET, PowerShell) it
  /// shows no readable name, and a `filename*` that can be decoded takes precedence. The bytes of file names that are
  /// not UTF-8 are preserved.
  package init(part field: some Collection<UInt8>) {
    let parameters = DispositionParameters(field)
    name = parameters["name"].map { Self.bytes($0, percentEscapes: true).repairedText }
    let plain = parameters["filename"]
    let extended = parameters["filename*"]
    if let plain, !EncodedWord.mayBegin(plain.bytes) {
      filename = NameBytes(Self.bytes(plain, percentEscapes: true))
    } else if let decoded = extended.flatMap({ ExtendedValue.decode($0.bytes) }) {
      filename = NameBytes(decoded)
    } else {
      filename = plain.map { Self.decoded($0, percentEscapes: true) } ?? extended.map { NameBytes($0.bytes) }
    }
  }

  /// Reads the header field of a request whose body is one file (RFC 6266). Never fails.
  ///
  /// `filename*` takes precedence here, as section 4.3 says; it is ignored where it cannot be decoded. `filename` may
  /// be encoded as RFC 2047 describes; percent escapes in it are not decoded.
  package init(header field: String) {
    let parameters = DispositionParameters(field.utf8)
    name = parameters["name"].map { Self.bytes($0, percentEscapes: false).repairedText }
    filename =
      parameters["filename*"].flatMap { ExtendedValue.decode($0.bytes) }.map { NameBytes($0) }
      ?? parameters["filename"].map { Self.decoded($0, percentEscapes: false) }
  }

  /// The value of `filename`: decoded where it is encoded as RFC 2047 describes, otherwise without its escapes.
  private static func decoded(_ value: DispositionParameters.Value, percentEscapes: Bool) -> NameBytes {
    NameBytes(EncodedWord.decode(value.bytes) ?? bytes(value, percentEscapes: percentEscapes))
  }

  /// Removes the escapes from a value between quotes; one without quotes has none.
  ///
  /// In a value with `\"`, backslashes are escapes and percent signs are not. In any other, backslashes are part of the
  /// name, and with `percentEscapes` only `%22`, `%0D` and `%0A` are escapes, as browsers write them.
  private static func bytes(_ value: DispositionParameters.Value, percentEscapes: Bool) -> [UInt8] {
    guard value.isQuoted else { return Array(value.bytes) }
    if value.bytes.containsBytes([ASCII.backslash, ASCII.quote]) { return withoutBackslashes(value.bytes) }
    let isEscaped = percentEscapes && value.bytes.contains(ASCII.percent)
    return isEscaped ? withoutPercentEscapes(value.bytes) : Array(value.bytes)
  }

  private static func withoutPercentEscapes(_ bytes: ArraySlice<UInt8>) -> [UInt8] {
    var result: [UInt8] = []
    var rest = bytes
    while let byte = rest.first {
      let escape = byte == ASCII.percent ? percentEscapes.first { rest.starts(with: $0.text.utf8) } : nil
      result.append(escape?.byte ?? byte)
      rest = rest.dropFirst(escape?.text.utf8.count ?? 1)
    }
    return result
  }

  private static func withoutBackslashes(_ bytes: ArraySlice<UInt8>) -> [UInt8] {
    var result: [UInt8] = []
    var isEscaped = false
    for byte in bytes {
      isEscaped = byte == ASCII.backslash && !isEscaped
      if !isEscaped { result.append(byte) }
    }
    return result
  }

  /// The escapes that browsers write in the names of a form, and the bytes that they stand for.
  static let percentEscapes = [
    (text: "%22", byte: ASCII.quote), (text: "%0D", byte: ASCII.carriageReturn), (text: "%0A", byte: ASCII.lineFeed),
  ]
}

extension ContentDisposition {
  /// The value of a response's `Content-Disposition` field that has the client save the body as a file `name`.
  ///
  /// It has the exact name as `filename*` (RFC 6266 section 4.3 and appendix D), and as `filename` an ASCII form for
  /// clients that do not know `filename*`, such as `curl -OJ`. A name that is not UTF-8 has the ASCII form only (RFC
  /// 8187 section 3.2.1).
  package static func attachment(named name: NameBytes) -> String {
    let text = name.bytes.repairedText
    let fallback = "attachment; filename=\"\(fallback(text))\""
    return name.isUTF8 ? "\(fallback); filename*=UTF-8''\(PercentEncoding.encode(text))" : fallback
  }

  /// The name in characters that all clients interpret alike: printable ASCII, with `_` in place of other scalars, of
  /// quotes and backslashes, which some clients do not unescape, and of a percent sign before two hexadecimal digits,
  /// which some decode.
  private static func fallback(_ name: String) -> String {
    var text = ""
    let scalars = Array(name.unicodeScalars)
    for (index, scalar) in scalars.enumerated() {
      let isEscape =
        scalar == "%" && index + 2 < scalars.count
        && scalars[(index + 1)...(index + 2)].allSatisfy { $0.isASCII && $0.properties.isASCIIHexDigit }
      let isPlain = (0x20..<0x7F).contains(scalar.value) && scalar != "\"" && scalar != "\\" && !isEscape
      text.unicodeScalars.append(isPlain ? scalar : "_")
    }
    return text
  }
}

/// The parameters of a Content-Disposition field, in the lenient syntax that real clients write.
///
/// In addition to the grammar this accepts unquoted values that contain spaces and backslashes, and unescaped quotes
/// inside quoted values: a quote ends a value only before a semicolon or the end of the field, and an escaped one only
/// if no later unescaped one does.
struct DispositionParameters {
  struct Value {
    /// The value as it was sent, escapes included, without the quotes or the blanks around it.
    let bytes: ArraySlice<UInt8>
    /// Whether the value began with a quote; the quote at its end may be missing.
    let isQuoted: Bool
  }

  private var parameters: [(name: ArraySlice<UInt8>, value: Value)] = []

  /// Whether a search for an unescaped quote that ends a value has reached the field's end without success. From then
  /// on an escaped one ends a value at once: with more such searches, the time for a field full of escaped quotes would
  /// grow with the square of its length.
  private var isWithoutEnd = false

  /// Reads all parameters of a field; never fails. Text without `=` between semicolons is skipped.
  init(_ field: some Collection<UInt8>) {
    var rest = Array(field)[...]
    while !rest.isEmpty {
      let name = rest.read { $0 != ASCII.equals && $0 != ASCII.semicolon }
      // Without a value it is the disposition type or empty.
      guard rest.popFirst() == ASCII.equals else { continue }
      let value = readValue(from: &rest)
      parameters.append((name.trimmingBlanks, value))
    }
  }

  /// The value of the first parameter with a name; nil where there is none.
  /// - Parameter name: in lower case; the field may have it in any letter case.
  subscript(_ name: StaticString) -> Value? {
    parameters.first { $0.name.equalsIgnoringCase(name) }?.value
  }

  private mutating func readValue(from rest: inout ArraySlice<UInt8>) -> Value {
    rest.skipBlanks()
    guard rest.skip(ASCII.quote) else {
      let value = rest.read { $0 != ASCII.semicolon }
      rest = rest.dropFirst()
      return Value(bytes: value.trimmingBlanks, isQuoted: false)
    }
    let end = endOfQuoted(rest)
    let value = rest[..<end]
    rest = rest[end...].drop { $0 != ASCII.semicolon }.dropFirst()
    return Value(bytes: value, isQuoted: true)
  }

  /// The index of the quote that ends a quoted value, or of the field's end where there is none.
  /// - Parameter text: the field from behind the quote that begins the value.
  private mutating func endOfQuoted(_ text: ArraySlice<UInt8>) -> Int {
    var escapedEnd: Int?
    var isEscaped = false
    for index in text.indices {
      let byte = text[index]
      if byte == ASCII.quote, endsValue(text, at: index) {
        guard isEscaped else { return index }
        // A file name may end in a backslash, which browsers do not escape.
        escapedEnd = escapedEnd ?? index
        if isWithoutEnd { break }
      }
      isEscaped = byte == ASCII.backslash && !isEscaped
    }
    isWithoutEnd = true
    return escapedEnd ?? text.endIndex
  }

  /// Whether a semicolon or the field's end follows a quote, with optional spaces and tabs between them.
  private func endsValue(_ text: ArraySlice<UInt8>, at quote: Int) -> Bool {
    let next = text[(quote + 1)...].first { !ASCII.isBlank($0) }
    return next == nil || next == ASCII.semicolon
  }
}
