import Foundation
import Glibc
import Testing
import UploadTestSupport

/// Standard output that cannot be written: `/dev/full` fails every write with ENOSPC, a closed pipe with EPIPE.
@Suite struct OutputFailureTests {
  private static let complaint = "Cannot write to standard output: No space left on device."

  private func run(_ arguments: [String], redirection: String) async throws -> Sluice.Ended {
    let shell = ["-c", #"exec "$0" "$@" \#(redirection)"#, Sluice.path] + arguments
    let ended = try await ProcessRunner.run("sh", shell)
    return Sluice.Ended(exit: ended.exit, output: ended.output, errors: ended.errors)
  }

  @Test(arguments: [[], ["--json"]])
  func `send that cannot write its output still sends the file and exits with 1`(options: [String]) async throws {
    try await withServer { server in
      let file = try server.scratch.random(1000, to: "f")
      let ended = try await run(["send", "--to", server.url, file] + options, redirection: "> /dev/full")
      #expect(ended.exit == .status(1), "\(ended)")
      #expect(ended.errors.components(separatedBy: Self.complaint).count == 2, "\(ended)")
      try server.expect("f", equals: file)
    }
  }

  @Test(arguments: [["--help"], ["--version"], ["help", "serve"], ["--generate-completion-script", "bash"]])
  func `help, version or completions that cannot be written exit with 1`(arguments: [String]) async throws {
    let ended = try await run(arguments, redirection: "> /dev/full")
    #expect(ended.exit == .status(1), "\(ended)")
    #expect(ended.errors.contains(Self.complaint), "\(ended)")
  }

  @Test func `headless and sample whose output cannot be written report that and exit with 1`() async throws {
    try await withTemporaryDirectory { directory in
      let file = directory.file("s")
      for arguments in [["headless", "--size", "1kB"], ["sample", file, "--size", "1kB"]] {
        let ended = try await run(arguments, redirection: "> /dev/full")
        #expect(ended.exit == .status(1), "\(ended)")
        #expect(ended.errors.contains(Self.complaint), "\(ended)")
      }
    }
  }

  @Test func `serve whose output cannot be written accepts uploads and exits with 1 in the end`() async throws {
    try await withTemporaryDirectory { directory in
      let port = try HeldPort()
      let number = port.number
      let serve = ["serve", "--port", "\(number)", "--dir", directory.file("up")]
      let server = try ProcessRunner("sh", ["-c", #"exec "$0" "$@" > /dev/full"#, Sluice.path] + serve)
      // "listening" is the first line, so this error says that the server listens.
      _ = try await eventually("the complaint") { server.errors.contains(Self.complaint) }
      let file = try directory.random(1000, to: "f")
      let sent = try await Sluice.run(["send", "--to", "http://127.0.0.1:\(number)", file])
      #expect(sent.exit == .status(0), "\(sent)")
      server.signal(SIGTERM)
      #expect(try await server.exit() == .status(1))
    }
  }

  @Test func `send whose output goes to a closed pipe exits with 0 and reports nothing`() async throws {
    try await withServer { server in
      let file = try server.scratch.random(1000, to: "f")
      let script = #""$0" send --json --to "$1" "$2" | true; echo "${PIPESTATUS[0]}""#
      let ended = try await ProcessRunner.run("bash", ["-c", script, Sluice.path, server.url, file])
      #expect(ended.output == "0\n", "\(ended)")
      #expect(ended.errors == "", "\(ended)")
    }
  }
}
