import UploadCore
import UploadTestSupport

extension ProcessRunner {
  /// Runs a program to its end, without input, and looks every few milliseconds at what the kernel keeps as the peak of
  /// its memory. A script counts as far as it becomes its client by `exec`.
  /// - Returns: what ``run(_:_:environment:directory:timeout:)`` does, and the most it was resident with, in bytes.
  static func runWatched(
    _ executable: String,
    _ arguments: [String] = [],
    environment: [String: String] = [:],
    directory: String? = nil
  ) async throws -> (exit: Exit, output: String, errors: String, peak: UInt64) {
    let runner = try ProcessRunner(executable, arguments, environment: environment, directory: directory)
    runner.closeInput()
    var peak: UInt64 = 0
    // One that has ended has no memory to tell of.
    try await eventually("the end of \(executable)") {
      guard let seen = ProcFile.kibibytes(of: "VmHWM", in: "/proc/\(runner.processID)/status") else { return true }
      peak = max(peak, seen * 1024)
      return false
    }
    return (try await runner.exit(), runner.output, runner.errors, peak)
  }
}
