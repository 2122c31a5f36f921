/// Recognizes JSON (RFC 8259) and newline-delimited JSON, also where the text is only the beginning of a file.
///
/// Scans the text once; escapes in strings are not checked. The stack of open brackets has at most one entry per byte
/// of the text.
struct JSONShape {
  /// The token that the grammar allows next.
  private enum Expectation {
    case value
    /// A value, or the end of an array that has none.
    case valueOrEnd
    /// A name, or the end of an object that has none.
    case nameOrEnd
    case name, colon, commaOrEnd
  }

  /// The result of scanning one value.
  private enum Extent {
    /// The value ends before this index.
    case complete(Int)
    /// The bytes end within the value, which is valid so far.
    case incomplete
    case malformed
  }

  private let text: [UInt8]
  /// The index of the next byte.
  private var place: Int
  private var open: [UInt8] = []
  private var expectation = Expectation.value

  /// `application/json` for one array or object, `application/x-ndjson` for several separated by line ends, nil for
  /// other text, such as a number on its own.
  /// - Parameters:
  ///   - text: in UTF-8, without a byte order mark.
  ///   - isWhole: whether `text` is the whole file; if not, its last value may be incomplete.
  static func type(of text: [UInt8], isWhole: Bool) -> String? {
    var (place, values, lineEnds) = (0, 0, 0)
    while true {
      let blanks = text[place...].prefix(while: ASCII.isWhitespace)
      if values > 0, blanks.contains(ASCII.lineFeed) { lineEnds += 1 }
      place = blanks.endIndex
      guard place < text.count else { break }
      guard values == lineEnds, text[place] == UInt8(ascii: "{") || text[place] == UInt8(ascii: "[") else { return nil }
      var value = JSONShape(text: text, place: place)
      switch value.extent() {
      case .complete(let end): place = end
      case .incomplete where !isWhole: place = text.count
      case .incomplete, .malformed: return nil
      }
      values += 1
    }
    return values == 0 ? nil : values == 1 ? "application/json" : "application/x-ndjson"
  }

  /// Scans one value from ``place``.
  private mutating func extent() -> Extent {
    while place < text.count {
      let byte = text[place]
      if ASCII.isWhitespace(byte) {
        place += 1
        continue
      }
      guard scanToken(byte) else { return place < text.count ? .malformed : .incomplete }
      if open.isEmpty { return .complete(place) }
    }
    return .incomplete
  }

  /// Moves ``place`` behind the token that begins with `byte`.
  /// - Returns: false where the grammar does not allow the token here, or it is incomplete; only then ``place`` is the
  ///   end of the text.
  private mutating func scanToken(_ byte: UInt8) -> Bool {
    switch (byte, expectation) {
    case (UInt8(ascii: "{"), .value), (UInt8(ascii: "{"), .valueOrEnd): begin(byte, .nameOrEnd)
    case (UInt8(ascii: "["), .value), (UInt8(ascii: "["), .valueOrEnd): begin(byte, .valueOrEnd)
    case (UInt8(ascii: "}"), .nameOrEnd): end()
    case (UInt8(ascii: "]"), .valueOrEnd): end()
    case (UInt8(ascii: "}"), .commaOrEnd) where open.last == UInt8(ascii: "{"): end()
    case (UInt8(ascii: "]"), .commaOrEnd) where open.last == UInt8(ascii: "["): end()
    case (ASCII.colon, .colon): next(.value)
    case (UInt8(ascii: ","), .commaOrEnd): next(open.last == UInt8(ascii: "{") ? .name : .value)
    case (ASCII.quote, .name), (ASCII.quote, .nameOrEnd): return scanString(then: .colon)
    case (ASCII.quote, .value), (ASCII.quote, .valueOrEnd): return scanString(then: .commaOrEnd)
    case (_, .value), (_, .valueOrEnd): return scanScalar()
    default: return false
    }
    return true
  }

  private mutating func begin(_ byte: UInt8, _ expectation: Expectation) {
    open.append(byte)
    next(expectation)
  }

  private mutating func end() {
    open.removeLast()
    next(.commaOrEnd)
  }

  private mutating func next(_ expectation: Expectation) {
    self.expectation = expectation
    place += 1
  }

  private mutating func scanString(then expectation: Expectation) -> Bool {
    var index = place + 1
    while index < text.count, text[index] != ASCII.quote {
      // JSON allows no control characters in strings.
      guard text[index] >= 0x20 else { return false }
      index += text[index] == ASCII.backslash ? 2 : 1
    }
    place = min(index, text.count)
    guard place < text.count else { return false }
    next(expectation)
    return true
  }

  /// Scans a number, `true`, `false` or `null`; at the end of the text also the beginning of one.
  /// - Returns: false for other tokens.
  private mutating func scanScalar() -> Bool {
    let token = text[place...].prefix { ASCII.isAlphanumeric($0) || "+-.".utf8.contains($0) }
    let mayContinue = token.endIndex == text.count
    guard !token.isEmpty else { return false }
    let isKeyword = ["true", "false", "null"].contains { name in
      mayContinue ? name.utf8.starts(with: token) : name.utf8.elementsEqual(token)
    }
    let isNumber = mayContinue ? token.allSatisfy(Self.isNumberByte) : Self.isNumber(token)
    guard isKeyword || isNumber else { return false }
    expectation = .commaOrEnd
    place = token.endIndex
    return true
  }

  /// Whether a token is a number (RFC 8259 section 6).
  private static func isNumber(_ token: ArraySlice<UInt8>) -> Bool {
    var rest = token.first == ASCII.dash ? token.dropFirst() : token
    let whole = rest.read(while: ASCII.isDigit)
    guard whole.count == 1 || (!whole.isEmpty && whole.first != UInt8(ascii: "0")) else { return false }
    if rest.skip(UInt8(ascii: ".")), rest.read(while: ASCII.isDigit).isEmpty { return false }
    guard let exponent = rest.popFirst() else { return true }
    guard ASCII.lowercased(exponent) == UInt8(ascii: "e") else { return false }
    if rest.first == ASCII.plus || rest.first == ASCII.dash { rest.removeFirst() }
    return !rest.isEmpty && rest.allSatisfy(ASCII.isDigit)
  }

  private static func isNumberByte(_ byte: UInt8) -> Bool {
    ASCII.isDigit(byte) || "+-.eE".utf8.contains(byte)
  }
}
