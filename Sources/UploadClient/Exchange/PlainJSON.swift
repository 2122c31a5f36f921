/// A JSON value of the plain kind that servers send after an upload: without escapes in strings, and with no numbers but
/// small unsigned ones. Reading it takes a twentieth of the time of `JSONDecoder`, which is for all other JSON.
indirect enum PlainJSON: Equatable {
  case string(String)
  case unsigned(UInt64)
  case bool(Bool)
  case null
  case array([PlainJSON])
  /// The members in their order; no name occurs twice.
  case object([Member])

  struct Member: Equatable {
    let name: String
    let value: PlainJSON
  }

  /// - Parameter bytes: a whole document.
  /// - Returns: nil when it is not plain, or no JSON.
  init?(_ bytes: [UInt8]) {
    var parser = Parser(bytes: bytes)
    guard let value = parser.value(depth: 0), parser.isAtEnd else { return nil }
    self = value
  }

  /// The value of a member of an object; nil without it, and for a value that is no object.
  subscript(name: String) -> PlainJSON? {
    guard case .object(let members) = self else { return nil }
    return members.first { $0.name == name }?.value
  }

  /// The text of a string; nil for other values.
  var text: String? { if case .string(let text) = self { text } else { nil } }

  /// The value of a number; nil for other values.
  var number: UInt64? { if case .unsigned(let number) = self { number } else { nil } }

  private struct Parser {
    /// The deepest nesting.
    private static let depthLimit = 4

    private let bytes: [UInt8]
    private var position = 0

    init(bytes: [UInt8]) { self.bytes = bytes }

    /// Whether only white space is left.
    var isAtEnd: Bool {
      mutating get {
        skipSpace()
        return position == bytes.count
      }
    }

    mutating func value(depth: Int) -> PlainJSON? {
      skipSpace()
      guard depth <= Self.depthLimit, position < bytes.count else { return nil }
      switch bytes[position] {
      case UInt8(ascii: "{"): return object(depth: depth)
      case UInt8(ascii: "["): return array(depth: depth)
      case UInt8(ascii: "\""): return string().map { .string($0) }
      case UInt8(ascii: "0")...UInt8(ascii: "9"): return number()
      case UInt8(ascii: "t"): return skip("true") ? .bool(true) : nil
      case UInt8(ascii: "f"): return skip("false") ? .bool(false) : nil
      case UInt8(ascii: "n"): return skip("null") ? .null : nil
      case _: return nil
      }
    }

    private mutating func object(depth: Int) -> PlainJSON? {
      position += 1
      var members: [Member] = []
      if skipToken(UInt8(ascii: "}")) { return .object(members) }
      repeat {
        skipSpace()
        guard let name = string(), !members.contains(where: { $0.name == name }), skipToken(UInt8(ascii: ":")),
          let value = value(depth: depth + 1)
        else { return nil }
        members.append(Member(name: name, value: value))
      } while skipToken(UInt8(ascii: ","))
      return skipToken(UInt8(ascii: "}")) ? .object(members) : nil
    }

    private mutating func array(depth: Int) -> PlainJSON? {
      position += 1
      var values: [PlainJSON] = []
      if skipToken(UInt8(ascii: "]")) { return .array(values) }
      repeat {
        guard let value = value(depth: depth + 1) else { return nil }
        values.append(value)
      } while skipToken(UInt8(ascii: ","))
      return skipToken(UInt8(ascii: "]")) ? .array(values) : nil
    }

    private mutating func string() -> String? {
      guard skip(UInt8(ascii: "\"")) else { return nil }
      let start = position
      var bits: UInt8 = 0
      while position < bytes.count, bytes[position] != UInt8(ascii: "\"") {
        guard bytes[position] >= 0x20, bytes[position] != UInt8(ascii: "\\") else { return nil }
        bits |= bytes[position]
        position += 1
      }
      let text = bytes[start..<position]
      guard skip(UInt8(ascii: "\"")) else { return nil }
      // Most strings are ASCII, and are valid.
      return bits < 0x80 ? String(decoding: text, as: UTF8.self) : String(validating: text, as: UTF8.self)
    }

    private mutating func number() -> PlainJSON? {
      let start = position
      var number: UInt64 = 0
      while position < bytes.count, (0x30...0x39).contains(bytes[position]), position - start <= 18 {
        number = number * 10 + UInt64(bytes[position] - 0x30)
        position += 1
      }
      // 18 digits fit; a leading zero is no JSON. What follows a fraction or an exponent is no token.
      let count = position - start
      return count <= 18 && (count == 1 || bytes[start] != 0x30) ? .unsigned(number) : nil
    }

    private static func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 }

    private mutating func skipSpace() {
      while position < bytes.count, Self.isSpace(bytes[position]) { position += 1 }
    }

    private mutating func skipToken(_ token: UInt8) -> Bool {
      skipSpace()
      return skip(token)
    }

    private mutating func skip(_ token: UInt8) -> Bool {
      guard position < bytes.count, bytes[position] == token else { return false }
      position += 1
      return true
    }

    private mutating func skip(_ token: StaticString) -> Bool {
      let isNext = token.withUTF8Buffer { bytes[position...].starts(with: $0) }
      if isNext { position += token.utf8CodeUnitCount }
      return isNext
    }
  }
}
