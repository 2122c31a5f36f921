package import UploadCore

/// What a Content-Disposition field says about names. A stranger's word: neither safe to show nor safe to open.
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
