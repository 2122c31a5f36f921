import ArgumentParser
import Basics
import Glibc
import UploadCore
import UploadReport

/// `sluice-bench`: picks the benchmark, runs it, prints its report.
///
/// Exit status: 0 well, 1 the measuring failed, 64 wrong usage.
@main
struct BenchCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "sluice-bench",
    abstract: "Measure parts of Sluice: everything in turn, several times over. Print the medians.",
    subcommands: [
      ParserBenchmark.self, DiskBenchmark.self, SmallBenchmark.self, SlowBenchmark.self, TelemetryBenchmark.self,
      DashboardBenchmark.self,
    ]
  )

  func run() throws {
    throw ValidationError("Name a benchmark.")
  }
}

/// One subcommand: what it measures, and how.
protocol Benchmark: ParsableCommand {
  var common: BenchOptions { get }

  /// Measures.
  /// - Parameter rounds: how often everything is measured, in turn; the medians are reported.
  func run(rounds: Int) throws -> Report
}

extension Benchmark {
  func run() throws {
    ProcessLimits.raise()
    Interrupt.watch()
    let report = try run(rounds: common.rounds)
    let machine = Machine.current()
    print(
      common.json
        ? report.json(machine, rounds: common.rounds).serialized : report.markdown(machine, rounds: common.rounds)
    )
  }
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
