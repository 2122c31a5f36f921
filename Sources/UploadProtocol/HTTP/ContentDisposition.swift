package import UploadCore

/// What a Content-Disposition field says about names. Untrusted: neither safe to show nor safe to open.
package struct ContentDisposition: Sendable, Equatable {
  /// The `name` parameter: the form control.
  package let name: String?

  /// The file's name, with any directories still in it; nil when the field names no file.
  package let filename: NameBytes?

  /// Reads the field of a part of a form (RFC 7578 section 4.2), written by any of the usual clients.
  ///
  /// `filename` wins over `filename*`, which RFC 7578 forbids here; preferring it lets a client show one name to a
  /// filter and another to the server. Where `filename` is an encoded word (.NET, PowerShell) it shows no name to
  /// anybody, and `filename*` is preferred. Names that are not UTF-8 are kept as they are.
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

  /// Reads the header field of a request that is one file (RFC 6266).
  ///
  /// `filename*` is preferred here, as section 4.3 says, unless it cannot be read.
  package init(header field: String) {
    let parameters = DispositionParameters(field.utf8)
    name = parameters["name"].map { Self.bytes($0, percentEscapes: false).repairedText }
    filename =
      parameters["filename*"].flatMap { ExtendedValue.decode($0.bytes) }.map { NameBytes($0) }
      ?? parameters["filename"].map { Self.decoded($0, percentEscapes: false) }
  }

  /// The value of `filename`, which may be an encoded word.
  private static func decoded(_ value: DispositionParameters.Value, percentEscapes: Bool) -> NameBytes {
    NameBytes(EncodedWord.decode(value.bytes) ?? bytes(value, percentEscapes: percentEscapes))
  }

  /// Undoes what the client did to write a name between quotes.
  ///
  /// Some escape with backslashes, some (browsers) with `%22`, `%0D` and `%0A` and leave backslashes as they are. An
  /// escaped quote tells the first from the second; nothing else is undone, for any other `%41` is part of the name.
  private static func bytes(_ value: DispositionParameters.Value, percentEscapes: Bool) -> [UInt8] {
    guard value.isQuoted else { return Array(value.bytes) }
    if hasEscapedQuote(value.bytes) { return withoutBackslashes(value.bytes) }
    return percentEscapes ? withoutPercentEscapes(value.bytes) : Array(value.bytes)
  }

  private static func hasEscapedQuote(_ bytes: ArraySlice<UInt8>) -> Bool {
    zip(bytes, bytes.dropFirst()).contains { $0 == ASCII.backslash && $1 == ASCII.quote }
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

  private static func withoutPercentEscapes(_ bytes: ArraySlice<UInt8>) -> [UInt8] {
    var result: [UInt8] = []
    var rest = bytes
    while let byte = rest.popFirst() {
      if byte == ASCII.percent, let plain = percentEscapes.first(where: { rest.starts(with: $0.digits) }) {
        rest = rest.dropFirst(2)
        result.append(plain.byte)
      } else {
        result.append(byte)
      }
    }
    return result
  }

  private static let percentEscapes: [(digits: [UInt8], byte: UInt8)] = [
    (Array("22".utf8), ASCII.quote),
    (Array("0D".utf8), ASCII.carriageReturn),
    (Array("0A".utf8), ASCII.lineFeed),
  ]
}

extension ContentDisposition {
  /// The value of a response's `Content-Disposition` field that has the client save the body under a name: as `filename`
  /// for clients that know nothing else, such as `curl -OJ`, and exactly as `filename*` (RFC 6266 section 4.3 and
  /// appendix D). A name that is not UTF-8 cannot be stated exactly (RFC 8187 section 3.2.1).
  package static func attachment(named name: NameBytes) -> String {
    let text = String(decoding: name.bytes, as: UTF8.self)
    let fallback = "attachment; filename=\"\(fallback(text))\""
    return name.isUTF8 ? "\(fallback); filename*=UTF-8''\(PercentEncoding.encode(text))" : fallback
  }

  /// The name in what every client reads alike: ASCII, with `_` for each other character. So are quotes and backslashes,
  /// which some clients do not unescape, and a percent sign before two hexadecimal digits, which some decode.
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

/// The parameters of a Content-Disposition field, read as leniently as real clients write them.
///
/// Unlike the strict grammar this takes unquoted values with blanks and backslashes in them, and quotes inside of quoted
/// values that are not escaped: a quote ends a value only where a semicolon or the end of the field follows.
struct DispositionParameters {
  struct Value: Equatable {
    /// As it was written, without the quotes around it.
    let bytes: ArraySlice<UInt8>
    let isQuoted: Bool
  }

  private var parameters: [(name: ArraySlice<UInt8>, value: Value)] = []

  /// Whether the search for a quote that ends a value has gone through to the end of the field in vain. It is not
  /// repeated then, or a field full of escaped quotes would take time that grows with the square of its length.
  private var isWithoutEnd = false

  init(_ field: some Collection<UInt8>) {
    var rest = Array(field)[...]
    while !rest.isEmpty {
      let name = rest.take { $0 != ASCII.equals && $0 != ASCII.semicolon }
      // What has no value is the type, or nothing.
      guard rest.popFirst() == ASCII.equals else { continue }
      let value = takeValue(from: &rest)
      parameters.append((name.trimmingBlanks, value))
    }
  }

  /// The value of a parameter; of repeated ones the first counts. `name` is in small letters.
  subscript(_ name: StaticString) -> Value? {
    parameters.first { $0.name.equalsIgnoringCase(name) }?.value
  }

  private mutating func takeValue(from rest: inout ArraySlice<UInt8>) -> Value {
    rest.skipBlanks()
    let isQuoted = rest.first == ASCII.quote
    guard isQuoted else {
      let value = rest.prefix { $0 != ASCII.semicolon }
      rest = rest[value.endIndex...].dropFirst()
      return Value(bytes: value.trimmingBlanks, isQuoted: false)
    }
    rest.removeFirst()
    let end = endOfQuoted(rest)
    let value = rest[..<end]
    rest = rest[end...].drop { $0 != ASCII.semicolon }.dropFirst()
    return Value(bytes: value, isQuoted: true)
  }

  /// Where the quote stands that ends a quoted value, or the field's end when there is none.
  private mutating func endOfQuoted(_ text: ArraySlice<UInt8>) -> Int {
    var escapedEnd: Int?
    var isEscaped = false
    for index in text.indices {
      let byte = text[index]
      if byte == ASCII.quote, endsValue(text, at: index) {
        guard isEscaped else { return index }
        // The name of a file may end in a backslash, and browsers leave it as it is.
        escapedEnd = escapedEnd ?? index
        if isWithoutEnd { break }
      }
      isEscaped = byte == ASCII.backslash && !isEscaped
    }
    isWithoutEnd = true
    return escapedEnd ?? text.endIndex
  }

  /// Whether a semicolon or the field's end follows a quote, with blanks between them or not.
  private func endsValue(_ text: ArraySlice<UInt8>, at quote: Int) -> Bool {
    let next = text[(quote + 1)...].first { !ASCII.isBlank($0) }
    return next == nil || next == ASCII.semicolon
  }
}
