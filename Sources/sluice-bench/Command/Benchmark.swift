import UploadCore

/// One subcommand: a question, and the way to measure its answer.
protocol Benchmark {
  static var name: String { get }
  /// What it measures, in one line.
  static var summary: String { get }
  /// Its own options, a line each: name, what it takes, default.
  static var options: [String] { get }

  /// Takes its options.
  /// - Throws: ``UploadError`` with code `badValue`.
  init(_ arguments: inout Arguments) throws(UploadError)

  /// Measures.
  /// - Parameter rounds: how often everything is measured, in turn; the medians are reported.
  func run(rounds: Int) throws -> Report
}
