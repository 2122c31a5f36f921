import Basics
import Glibc
import UploadCore
import UploadReport

/// `sluice-bench`: picks the benchmark, runs it, prints its report.
@main
enum BenchCommand {
  private static var benchmarks: [any Benchmark.Type] {
    [
      ParserBenchmark.self, DiskBenchmark.self, SmallBenchmark.self, SlowBenchmark.self, TelemetryBenchmark.self,
      DashboardBenchmark.self,
    ]
  }
  private static let defaultRounds = 5

  static func main() {
    exit(run(Array(CommandLine.arguments.dropFirst())))
  }

  /// Runs with the words after the program's name.
  /// - Returns: the exit status: 0 well, 1 the measuring failed, 64 wrong usage.
  static func run(_ words: [String]) -> Int32 {
    if words.contains("--help") || words.contains("-h") {
      print(help)
      return 0
    }
    guard let benchmark = benchmarks.first(where: { $0.name == words.first }) else {
      StandardError.line(help)
      return 64
    }
    do {
      let run = try prepare(benchmark, words)
      do {
        print(try run())
        return 0
      } catch {
        StandardError.line("sluice-bench: \(error)")
        return 1
      }
    } catch {
      StandardError.line("sluice-bench: \(error.message)")
      return 64
    }
  }

  /// Takes all options.
  /// - Returns: what measures, and hands out the text to print.
  private static func prepare(
    _ benchmark: any Benchmark.Type,
    _ words: [String]
  ) throws(UploadError) -> () throws -> String {
    var arguments = Arguments(Array(words.dropFirst()))
    let json = arguments.takeSwitch("--json")
    let rounds = try arguments.takeNumber("--rounds", default: defaultRounds)
    let prepared = try benchmark.init(&arguments)
    try arguments.expectNoneLeft()
    ProcessLimits.raise()
    Interrupt.watch()
    return {
      let report = try prepared.run(rounds: rounds)
      let machine = Machine.current()
      return json ? report.json(machine, rounds: rounds).serialized : report.markdown(machine, rounds: rounds)
    }
  }

  private static var help: String {
    var lines = [
      "usage: sluice-bench NAME [--rounds N] [--json] [options]",
      "",
      "Measures everything in turn, N times over (default \(defaultRounds)), and prints the medians as a table, or as JSON.",
    ]
    for benchmark in benchmarks {
      lines += ["", "\(benchmark.name): \(benchmark.summary)"]
      lines += benchmark.options.map { "  " + $0 }
    }
    return lines.joined(separator: "\n")
  }
}

/// One subcommand: what it measures, and how.
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

/// What the process asks of the system before it begins.
enum ProcessLimits {
  /// Raises the limit of open files, for a thousand connections, and has a closed connection reported as an error
  /// instead of a signal. A server started from here inherits the former.
  static func raise() {
    signal(SIGPIPE, SIG_IGN)
    DescriptorLimit.raise()
  }
}

/// Where everything goes but the report.
enum StandardError {
  static func line(_ text: String) {
    writeAll(text + "\n", to: STDERR_FILENO)
  }
}
