/// Whether a text is JSON (RFC 8259) as far as it goes, or a JSON value on every line.
///
/// A scanner of one pass: what has been opened is on a stack that is at most as high as the text is long.
struct JSONShape {
  private enum Expectation {
    case value
    /// A value, or the end of an array that has none.
    case valueOrEnd
    /// A name, or the end of an object that has none.
    case nameOrEnd
    case name, colon, commaOrEnd
  }

  /// How far a value goes.
  private enum Extent {
    /// It ends before this place.
    case complete(Int)
    /// It is sound up to the end of the bytes, which comes first.
    case cut
    case broken
  }

  private let text: [UInt8]
  private var place: Int
  private var open: [UInt8] = []
  private var expectation = Expectation.value

  /// `application/json`, `application/x-ndjson` or nil. Bare words and numbers are text.
  static func type(of text: [UInt8], isWhole: Bool) -> String? {
    var (place, values, lineEnds) = (0, 0, 0)
    while true {
      let blanks = text[place...].prefix(while: isBlank)
      if values > 0, blanks.contains(ASCII.lineFeed) { lineEnds += 1 }
      place = blanks.endIndex
      guard place < text.count else { break }
      guard values == lineEnds, text[place] == UInt8(ascii: "{") || text[place] == UInt8(ascii: "[") else { return nil }
      var value = JSONShape(text: text, place: place)
      switch value.extent() {
      case .complete(let end): place = end
      case .cut where !isWhole: place = text.count
      case .cut, .broken: return nil
      }
      values += 1
    }
    return values == 0 ? nil : values == 1 ? "application/json" : "application/x-ndjson"
  }

  private init(text: [UInt8], place: Int) {
    (self.text, self.place) = (text, place)
  }

  private mutating func extent() -> Extent {
    while place < text.count {
      let byte = text[place]
      if Self.isBlank(byte) {
        place += 1
        continue
      }
      guard take(byte) else { return place < text.count ? .broken : .cut }
      if open.isEmpty { return .complete(place) }
    }
    return .cut
  }

  /// Takes the token that begins with `byte`.
  /// - Returns: false when it does not belong here, or is not complete.
  private mutating func take(_ byte: UInt8) -> Bool {
    switch (byte, expectation) {
    case (UInt8(ascii: "{"), .value), (UInt8(ascii: "{"), .valueOrEnd): begin(byte, .nameOrEnd)
    case (UInt8(ascii: "["), .value), (UInt8(ascii: "["), .valueOrEnd): begin(byte, .valueOrEnd)
    case (UInt8(ascii: "}"), .nameOrEnd): end()
    case (UInt8(ascii: "]"), .valueOrEnd): end()
    case (UInt8(ascii: "}"), .commaOrEnd) where open.last == UInt8(ascii: "{"): end()
    case (UInt8(ascii: "]"), .commaOrEnd) where open.last == UInt8(ascii: "["): end()
    case (ASCII.colon, .colon): next(.value)
    case (UInt8(ascii: ","), .commaOrEnd): next(open.last == UInt8(ascii: "{") ? .name : .value)
    case (ASCII.quote, .name), (ASCII.quote, .nameOrEnd): return takeString(then: .colon)
    case (ASCII.quote, .value), (ASCII.quote, .valueOrEnd): return takeString(then: .commaOrEnd)
    case (_, .value), (_, .valueOrEnd): return takeWord()
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

  private mutating func takeString(then expectation: Expectation) -> Bool {
    var index = place + 1
    while index < text.count, text[index] != ASCII.quote {
      // A line end in a string is no JSON; that it is the last byte says nothing else.
      guard text[index] >= 0x20 else { return false }
      index += text[index] == ASCII.backslash ? 2 : 1
    }
    place = min(index, text.count)
    guard place < text.count else { return false }
    next(expectation)
    return true
  }

  /// A number, or `true`, `false`, `null`.
  private mutating func takeWord() -> Bool {
    let word = text[place...].prefix { ASCII.isAlphanumeric($0) || "+-.".utf8.contains($0) }
    let isCut = word.endIndex == text.count
    guard !word.isEmpty else { return false }
    let isKnown = ["true", "false", "null"].contains { name in
      isCut ? name.utf8.starts(with: word) : name.utf8.elementsEqual(word)
    }
    guard isKnown || (isCut ? word.allSatisfy(Self.isNumberByte) : Self.isNumber(word)) else { return false }
    expectation = .commaOrEnd
    place = word.endIndex
    return true
  }

  /// RFC 8259 section 6.
  private static func isNumber(_ word: ArraySlice<UInt8>) -> Bool {
    var rest = word.first == ASCII.dash ? word.dropFirst() : word
    guard let first = rest.first, ASCII.isDigit(first) else { return false }
    let whole = rest.prefix(while: ASCII.isDigit)
    guard whole.count == 1 || first != UInt8(ascii: "0") else { return false }
    rest = rest[whole.endIndex...]
    if rest.first == UInt8(ascii: ".") {
      let digits = rest.dropFirst().prefix(while: ASCII.isDigit)
      guard !digits.isEmpty else { return false }
      rest = rest[digits.endIndex...]
    }
    guard let exponent = rest.first else { return true }
    guard ASCII.lowercased(exponent) == UInt8(ascii: "e") else { return false }
    rest = rest.dropFirst()
    if rest.first == ASCII.plus || rest.first == ASCII.dash { rest = rest.dropFirst() }
    return !rest.isEmpty && rest.allSatisfy(ASCII.isDigit)
  }

  private static func isNumberByte(_ byte: UInt8) -> Bool {
    ASCII.isDigit(byte) || "+-.eE".utf8.contains(byte)
  }

  private static func isBlank(_ byte: UInt8) -> Bool {
    ASCII.isBlank(byte) || byte == ASCII.lineFeed || byte == ASCII.carriageReturn
  }
}
