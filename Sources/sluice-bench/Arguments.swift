import UploadCore

/// The words of a command line, taken away one option after another: `--name value`, or `--name` alone.
struct Arguments {
  private var words: [String]

  init(_ words: [String]) {
    self.words = words
  }

  /// Takes a switch; false when it is not there.
  mutating func takeSwitch(_ name: String) -> Bool {
    guard let index = words.firstIndex(of: name) else { return false }
    words.remove(at: index)
    return true
  }

  /// Takes an option's value; nil when it is not there.
  /// - Throws: ``UploadError`` with code `badValue` when nothing follows the name.
  mutating func takeValue(_ name: String) throws(UploadError) -> String? {
    guard let index = words.firstIndex(of: name) else { return nil }
    guard index + 1 < words.count else { throw UploadError(.badValue, "\(name) needs a value.") }
    defer { words.removeSubrange(index...index + 1) }
    return words[index + 1]
  }

  /// Takes a whole number from `range`.
  mutating func takeNumber(
    _ name: String,
    default: Int,
    in range: ClosedRange<Int> = 1...1_000_000
  ) throws(UploadError) -> Int {
    guard let text = try takeValue(name) else { return `default` }
    return try Self.number(text, name, in: range)
  }

  /// Takes whole numbers from `range`, separated by commas.
  mutating func takeNumbers(
    _ name: String,
    default: [Int],
    in range: ClosedRange<Int>
  ) throws(UploadError) -> [Int] {
    guard let text = try takeValue(name) else { return `default` }
    var numbers: [Int] = []
    for item in text.split(separator: ",") { numbers.append(try Self.number(String(item), name, in: range)) }
    return numbers
  }

  /// Takes a size such as `64KiB`, at least 1 byte.
  mutating func takeSize(_ name: String, default: Int) throws(UploadError) -> Int {
    guard let text = try takeValue(name) else { return `default` }
    return try Self.size(text, name)
  }

  /// Takes sizes, separated by commas.
  mutating func takeSizes(_ name: String, default: [Int]) throws(UploadError) -> [Int] {
    guard let text = try takeValue(name) else { return `default` }
    var sizes: [Int] = []
    for item in text.split(separator: ",") { sizes.append(try Self.size(String(item), name)) }
    return sizes
  }

  /// Takes some of the words that `Value` knows, separated by commas; all of them when the option is not there.
  mutating func takeChoices<Value: RawRepresentable<String> & CaseIterable>(
    _ name: String
  ) throws(UploadError) -> [Value] {
    guard let text = try takeValue(name) else { return Array(Value.allCases) }
    var values: [Value] = []
    for item in text.split(separator: ",") {
      guard let value = Value(rawValue: String(item)) else {
        let known = Value.allCases.map(\.rawValue).joined(separator: ", ")
        throw UploadError(.badValue, "\(name) takes \(known), not \"\(PlainText.sanitized(String(item)))\".")
      }
      values.append(value)
    }
    return values
  }

  /// To be asked last.
  /// - Throws: ``UploadError`` with code `badValue` when a word is left that nothing has taken.
  func expectNoneLeft() throws(UploadError) {
    if let word = words.first {
      throw UploadError(.badValue, "\"\(PlainText.sanitized(word))\" is not known here; see --help.")
    }
  }

  private static func number(_ text: String, _ name: String, in range: ClosedRange<Int>) throws(UploadError) -> Int {
    guard let number = Int(text), range.contains(number) else {
      throw UploadError(.badValue, "\(name) must be from \(range.lowerBound) to \(range.upperBound).")
    }
    return number
  }

  private static func size(_ text: String, _ name: String) throws(UploadError) -> Int {
    let size = try ByteSize.parse(text)
    guard (1...1 << 50).contains(size) else { throw UploadError(.badValue, "\(name) must be from 1 byte to 1024TiB.") }
    return Int(size)
  }
}
