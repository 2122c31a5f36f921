import ArgumentParser
import Glibc
import UploadCore
import UploadReport

/// `sluice-bench`: runs the benchmark that is named and prints its report.
///
/// Exit status: 0 for success, 1 when a measurement failed, 64 for wrong usage, 130 after SIGINT or SIGTERM.
@main
struct BenchCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "sluice-bench",
    abstract: "Measure parts of Sluice: every subject in turn, in several rounds. Print the medians.",
    subcommands: [
      ParserBenchmark.self, DiskBenchmark.self, SmallBenchmark.self, BareSmallBenchmark.self, SlowBenchmark.self,
      TelemetryBenchmark.self, DashboardBenchmark.self, DiscardCommand.self, BareSendCommand.self,
    ]
  )

  func run() throws { throw ValidationError("Name a benchmark.") }
}

/// A subcommand that measures.
protocol Benchmark: ParsableCommand {
  static var name: String { get }
  static var abstract: String { get }
  var common: BenchOptions { get }

  /// Measures every subject `rounds` times, in turn, and reports the medians.
  /// - Parameter rounds: at least 1.
  /// - Throws: the error of the first measurement that fails.
  func run(rounds: Int) throws -> Report
}

extension Benchmark {
  static var configuration: CommandConfiguration { CommandConfiguration(commandName: name, abstract: abstract) }

  func run() throws {
    // A closed connection is an error, not a signal. Servers started from here inherit the limit of open files.
    signal(SIGPIPE, SIG_IGN)
    DescriptorLimit.raise()
    Interrupt.watch()
    let report = try run(rounds: common.rounds)
    let (name, rounds, machine) = (Self.name, common.rounds, Machine.current())
    print(common.json ? report.json(name, rounds, machine).serialized : report.markdown(name, rounds, machine))
  }
}

/// Options that every benchmark has.
struct BenchOptions: ParsableArguments {
  @Option(help: "Rounds; their medians are reported. (default: 5)", transform: Parse.number(in: 1...10_000))
  var rounds = 5
  @Flag(help: "Print the report as JSON.")
  var json = false
}

/// Parsers of option values: numbers, sizes, choices, and lists of them separated by commas.
///
/// All throw a `ValidationError` that says which values are permitted.
enum Parse {
  /// A size in bytes such as `64KiB`, from 1 byte to 1024 TiB.
  static func size(_ text: String) throws -> Int {
    guard let size = try? ByteSize.parse(text), (1...1 << 50).contains(size) else {
      throw ValidationError("A size must be from 1 byte to 1024TiB, such as 64KiB or 1.9GB.")
    }
    return Int(size)
  }

  static func number(in range: ClosedRange<Int>) -> @Sendable (String) throws -> Int {
    { text in
      guard let number = Int(text), range.contains(number) else {
        throw ValidationError("The number must be from \(range.lowerBound) to \(range.upperBound).")
      }
      return number
    }
  }

  /// The case of `Choice` that has `text` as its raw value.
  static func choice<Choice: RawRepresentable<String> & CaseIterable>(_ text: String) throws -> Choice {
    guard let choice = Choice(rawValue: text) else {
      throw ValidationError("Choose from \(Choice.allCases.map(\.rawValue).joined(separator: ", ")).")
    }
    return choice
  }

  /// A parser of values that are separated by commas, each parsed by `value`. Empty ones are skipped.
  static func list<Value: Sendable>(
    _ value: @escaping @Sendable (String) throws -> Value
  ) -> @Sendable (String) throws -> [Value] {
    { text in try text.split(separator: ",").map { try value(String($0)) } }
  }
}
