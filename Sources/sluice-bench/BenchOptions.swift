import ArgumentParser
import UploadCore

/// Options of every benchmark.
struct BenchOptions: ParsableArguments {
  @Option(help: "How often everything is measured, in turn; the medians are reported.")
  var rounds = 5
  @Flag(help: "Print the report as JSON.")
  var json = false

  mutating func validate() throws {
    guard rounds > 0 else { throw ValidationError("--rounds must be above 0.") }
  }
}

/// Readers of options' values: numbers, sizes, words, and lists of them with commas between.
enum BenchValue {
  /// A size such as `64KiB`, at least 1 byte.
  static func size(_ text: String) throws -> Int {
    guard let size = try? ByteSize.parse(text), (1...1 << 50).contains(size) else {
      throw ValidationError("A size is from 1 byte to 1024TiB, such as 64KiB or 1.9GB.")
    }
    return Int(size)
  }

  static func sizes(_ text: String) throws -> [Int] {
    try text.split(separator: ",").map { try size(String($0)) }
  }

  static func number(in range: ClosedRange<Int>) -> @Sendable (String) throws -> Int {
    { text in
      guard let number = Int(text), range.contains(number) else {
        throw ValidationError("It must be from \(range.lowerBound) to \(range.upperBound).")
      }
      return number
    }
  }

  static func numbers(in range: ClosedRange<Int>) -> @Sendable (String) throws -> [Int] {
    { text in try text.split(separator: ",").map { try number(in: range)(String($0)) } }
  }

  /// Some of the words that `Choice` knows.
  static func choices<Choice: RawRepresentable<String> & CaseIterable>(_ text: String) throws -> [Choice] {
    try text.split(separator: ",").map { word in
      guard let choice = Choice(rawValue: String(word)) else {
        let known = Choice.allCases.map(\.rawValue).joined(separator: ", ")
        throw ValidationError("There are \(known).")
      }
      return choice
    }
  }
}
