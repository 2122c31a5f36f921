import UploadCore

/// Reads the terms of an ``UploadFilter``. A pure parser; positions are characters of the text.
struct FilterParser {
  /// The most terms of a filter, because each is compared with each upload.
  static let limit = 32

  /// Names before a colon.
  private static let textFields = ["name", "from", "to", "mode", "state"]
  /// Names before a comparison.
  private static let numberFields = ["rate", "size", "left"]

  private let characters: [Character]
  private var position = 0

  init(_ text: String) { characters = Array(text) }

  /// - Parameter isTyping: whether a last term that may become the name of a field is left out.
  /// - Throws: ``FilterProblem`` about the first term that cannot be read.
  mutating func terms(isTyping: Bool = false) throws(FilterProblem) -> [UploadFilter.Term] {
    var terms: [UploadFilter.Term] = []
    while true {
      skip(while: \.isWhitespace)
      guard position < characters.count else { return terms }
      let start = position
      let term = try term()
      guard terms.count < Self.limit else {
        throw FilterProblem(message: "A filter has at most \(Self.limit) terms.", range: start..<position)
      }
      guard !isTyping || position < characters.count || !isBeginningOfField(start) else { return terms }
      terms.append(term)
    }
  }

  /// Whether the term from `start` to the end is a hyphen, or the beginning of a field's name, perhaps negated.
  private func isBeginningOfField(_ start: Int) -> Bool {
    let typed = text(start..<characters.count).lowercased()
    let name = typed.hasPrefix("-") ? String(typed.dropFirst()) : typed
    return !typed.isEmpty && (Self.textFields + Self.numberFields).contains { $0.hasPrefix(name) }
  }

  private mutating func term() throws(FilterProblem) -> UploadFilter.Term {
    var isNegated = false
    if current == "-", let next = character(at: position + 1), !next.isWhitespace {
      isNegated = true
      position += 1
    }
    return UploadFilter.Term(condition: try condition(), isNegated: isNegated)
  }

  private mutating func condition() throws(FilterProblem) -> UploadFilter.Condition {
    let start = position
    guard current != "\"" else {
      let text = value()
      guard !text.isEmpty else { throw problem("There is no text between the quotation marks.", from: start) }
      return .text(text.lowercased())
    }
    skip { $0.isASCII && $0.isLetter }
    let name = text(start..<position).lowercased()
    guard !name.isEmpty, let sign = readSign() else {
      position = start
      return .text(value().lowercased())
    }
    if sign == ":" ? Self.textFields.contains(name) : Self.numberFields.contains(name) {
      let valueStart = position
      let value = value()
      guard !value.isEmpty else {
        throw problem("\(name)\(sign) needs a value, such as \(Self.example(of: name)).", from: start)
      }
      return try condition(name, sign, value, at: valueStart)
    }
    // The rest of the term is part of what is wrong.
    let end = position
    _ = value()
    if Self.textFields.contains(name) {
      throw problem("\(name) is a text: write \(name): and its value, such as \(Self.example(of: name)).", from: start)
    }
    if Self.numberFields.contains(name) {
      throw problem("\(name) is a number: write <, <=, > or >=, such as \(Self.example(of: name)).", from: start)
    }
    let fields = (Self.textFields + Self.numberFields).joined(separator: ", ")
    let quoted = "Quote a text with \(sign), as in \"\(name)\(sign)\"."
    throw FilterProblem(message: "There is no field \(name): \(fields). \(quoted)", range: start..<end)
  }

  /// A field with its value.
  /// - Parameter start: where the value begins.
  private func condition(
    _ name: String,
    _ sign: String,
    _ value: String,
    at start: Int
  ) throws(FilterProblem) -> UploadFilter.Condition {
    let lower = value.lowercased()
    switch name {
    case "name": return .name(lower)
    case "from": return .from(lower)
    case "to": return .to(lower)
    case "mode":
      try check(lower, isOneOf: UploadMode.allCases.map(\.rawValue) + ["form", "tree"], "mode", at: start)
      return .mode(lower)
    case "state":
      try check(lower, isOneOf: UploadRecord.allStateNames, "state", at: start)
      return .state(lower)
    case "rate":
      let size = lower.hasSuffix("/s") ? String(value.dropLast(2)) : value
      return .rate(comparison(sign, try number(size, of: name, at: start) { try? Double(ByteSize.parse($0)) }))
    case "size":
      return .size(comparison(sign, try number(value, of: name, at: start) { try? Double(ByteSize.parse($0)) }))
    case _: return .left(comparison(sign, try number(value, of: name, at: start) { try? TimeText.parse($0).inSeconds }))
    }
  }

  private func comparison(_ sign: String, _ value: Double) -> UploadFilter.Comparison {
    UploadFilter.Comparison(sign: UploadFilter.Comparison.Sign(rawValue: sign) ?? .less, value: value)
  }

  /// - Throws: ``FilterProblem`` when no name begins with the value.
  private func check(
    _ value: String,
    isOneOf names: [String],
    _ field: String,
    at start: Int
  ) throws(FilterProblem) {
    guard !names.contains(where: { $0.hasPrefix(value) }) else { return }
    throw problem("There is no \(field) \"\(value)\": \(names.joined(separator: ", ")).", from: start)
  }

  /// Reads a number with its unit; only 0 may have none, because `rate<1` is hardly meant as 1 byte per second.
  private func number(
    _ text: String,
    of field: String,
    at start: Int,
    _ parse: (String) -> Double?
  ) throws(FilterProblem) -> Double {
    guard let number = parse(text) else {
      throw problem("\"\(text)\" cannot be compared: write for example \(Self.example(of: field)).", from: start)
    }
    guard number == 0 || text.last?.isLetter == true else {
      throw problem("\"\(text)\" has no unit: write for example \(Self.example(of: field)).", from: start)
    }
    return number
  }

  private static func example(of field: String) -> String {
    switch field {
    case "name": "name:report"
    case "from": "from:192.168.1.7"
    case "to": "to:example.org"
    case "mode": "mode:stream"
    case "state": "state:stalled"
    case "rate": "rate<1MB/s"
    case "size": "size>1GB"
    case _: "left<5min"
    }
  }

  // MARK: Characters

  private var current: Character? { character(at: position) }

  private func character(at index: Int) -> Character? { characters.indices.contains(index) ? characters[index] : nil }

  private func text(_ range: Range<Int>) -> String { String(characters[range]) }

  private mutating func skip(while condition: (Character) -> Bool) {
    while let next = current, condition(next) { position += 1 }
  }

  /// Reads a colon or a comparison; nil, and reads nothing, when there is none.
  private mutating func readSign() -> String? {
    guard let first = current, ":<>".contains(first) else { return nil }
    position += 1
    guard first != ":", current == "=" else { return String(first) }
    position += 1
    return "\(first)="
  }

  /// Reads a text up to the next blank, or in quotation marks up to the second of them; without that, up to the end,
  /// because it is still being typed.
  private mutating func value() -> String {
    guard current == "\"" else {
      let start = position
      skip { !$0.isWhitespace }
      return text(start..<position)
    }
    position += 1
    let start = position
    skip { $0 != "\"" }
    let end = position
    if position < characters.count { position += 1 }
    return text(start..<end)
  }

  private func problem(_ message: String, from start: Int) -> FilterProblem {
    FilterProblem(message: message, range: start..<position)
  }
}
