import Glibc
import Testing
import UploadTestSupport

@Suite struct ProcessRunnerTests {
  @Test func `a finished run returns the output, the errors and the exit status`() async throws {
    let result = try await ProcessRunner.run(
      "sh",
      ["-c", "echo out $VALUE; pwd; echo err >&2; exit 3"],
      environment: ["VALUE": "5"],
      directory: "/"
    )
    #expect(result.exit == .status(3))
    #expect(result.output == "out 5\n/\n")
    #expect(result.errors == "err\n")
  }

  @Test func `an output line is returned while the program runs, and a signal ends the program`() async throws {
    let runner = try ProcessRunner("/bin/sh", ["-c", "echo one; echo two; exec sleep 1000"])
    #expect(try await runner.line { $0.hasPrefix("tw") } == "two")
    #expect(runner.lines == ["one", "two"])
    runner.signal(SIGTERM)
    #expect(try await runner.exit() == .signal(SIGTERM))
    runner.signal(SIGTERM)
  }

  @Test func `a program receives its input until that is closed`() async throws {
    let runner = try ProcessRunner("cat")
    try runner.send(Array("a\nb".utf8))
    #expect(try await runner.line { _ in true } == "a")
    runner.closeInput()
    #expect(try await runner.exit() == .status(0))
    #expect(runner.output == "a\nb")
  }

  @Test func `waiting for an output line that never appears fails with the whole output`() async throws {
    let runner = try ProcessRunner("sh", ["-c", "echo other; echo why >&2"])
    let error = await #expect(throws: TimeoutError.self) { try await runner.line { $0 == "expected" } }
    #expect(error?.description.contains("other") == true)
    #expect(error?.description.contains("why") == true)
  }

  @Test func `waiting for a program that does not end times out, and releasing its runner kills it`() async throws {
    let processID: Int32
    do {
      let runner = try ProcessRunner("/bin/sleep", ["1000"])
      processID = runner.processID
      await #expect(throws: TimeoutError.self) { try await runner.exit(timeout: .milliseconds(20)) }
    }
    try await eventually("the end of the process") { kill(processID, 0) != 0 }
  }

  @Test func `megabytes of output and errors are read completely`() async throws {
    let result = try await ProcessRunner.run("sh", ["-c", "head -c 3000000 /dev/zero; head -c 300000 /dev/zero >&2"])
    #expect(result.output.utf8.count == 3_000_000)
    #expect(result.errors.utf8.count == 300_000)
  }

  @Test func `starting a program that does not exist throws`() async throws {
    #expect(throws: (any Error).self) { try ProcessRunner("/no/such/program") }
  }
}
