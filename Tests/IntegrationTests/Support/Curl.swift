import Foundation
import UploadTestSupport

/// Real curl.
enum Curl {
  /// Runs it for one URL.
  static func run(_ arguments: [String], input: [UInt8] = []) async throws -> Reply {
    let runner = try ProcessRunner(
      "curl",
      ["--silent", "--show-error", "--globoff", "--noproxy", "*", "--write-out", "\n%{http_code}"] + arguments
    )
    if !input.isEmpty { try runner.send(input) }
    runner.closeInput()
    let exit = try await runner.exit(timeout: .seconds(120))
    var lines = runner.output.split(separator: "\n", omittingEmptySubsequences: false)
    let status = lines.popLast().flatMap { Int($0) } ?? 0
    return Reply(exit: exit, status: status, body: lines.joined(separator: "\n"), errors: runner.errors)
  }

  /// Runs it for several URLs, all at once or one after the other over one connection.
  /// - Returns: one output line for each URL in the order in which they ended, in curl's `format`, without bodies.
  static func runAll(_ arguments: [String], format: String) async throws -> [Substring] {
    let ended = try await ProcessRunner.run(
      "curl",
      ["--silent", "--show-error", "--globoff", "--noproxy", "*", "--write-out", "\(format)\n"] + arguments,
      timeout: .seconds(120)
    )
    guard ended.exit == .status(0) else { throw TimeoutError("curl failed: \(ended)") }
    return ended.output.split(separator: "\n")
  }

  /// What it got.
  struct Reply {
    let exit: ProcessRunner.Exit
    /// 0 when there was no response.
    let status: Int
    let body: String
    /// With `--verbose` the conversation.
    let errors: String
  }
}
