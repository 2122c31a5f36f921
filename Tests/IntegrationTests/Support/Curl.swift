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

  /// What it got.
  struct Reply {
    let exit: ProcessRunner.Exit
    /// 0 when there was no answer.
    let status: Int
    let body: String
    /// With `--verbose` the conversation.
    let errors: String

    /// The body as the demo's answer.
    var answer: Answer {
      get throws { try Answer(body) }
    }
  }
}
