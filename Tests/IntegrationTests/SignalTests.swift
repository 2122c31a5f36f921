import Foundation
import Glibc
import Testing
import UploadTestSupport

/// Signals as programs send them that start others: several at once, or none that is to be heeded.
@Suite struct SignalTests {
  /// `timeout` and supervisors signal the process, and at once its group.
  @Test func `two simultaneous signals cancel send once, and it still prints its summary`() async throws {
    try await withServer { server in
      let process = try Sluice.start(["send", "-", "--json", "--name", "x", "--to", server.url])
      try process.send(SplitMix64.bytes(500_000))
      try await server.events { $0.event == "started" }
      process.signal(SIGTERM)
      process.signal(SIGINT)
      let exit = try await process.exit()
      #expect(exit == .status(1) || exit == .status(130))
      #expect(try EventLine.decode(process.output).last?.uploads?.map(\.verdict) == ["cancelled"])
    }
  }

  @Test func `two simultaneous signals leave no file and no process of a comparison`() async throws {
    try await withTemporaryDirectory { directory in
      let process = try Sluice.start(["compare", "--size", "64MiB", "--json"], environment: ["TMPDIR": directory.path])
      try await eventually("a server") { RunningPrograms.naming(directory.path).count > 1 }
      process.signal(SIGTERM)
      process.signal(SIGINT)
      _ = try await process.exit()
      #expect(try directory.names() == [])
      #expect(RunningPrograms.naming(directory.path) == [])
    }
  }

  @Test func `the servers of a comparison end when SIGKILL ends it`() async throws {
    try await withTemporaryDirectory { directory in
      let arguments = ["compare", "--size", "8MiB", "--runs", "1000", "--json", "--dir", directory.path]
      let process = try Sluice.start(arguments)
      try await eventually("a server") { RunningPrograms.naming("\(directory.path)/sluice-compare").count > 0 }
      process.signal(SIGKILL)
      #expect(try await process.exit() == .signal(SIGKILL))
      try await eventually("the server's end", timeout: .seconds(20)) {
        RunningPrograms.naming(directory.path) == []
      }
    }
  }

  /// As `nohup` starts a program, and a shell without job control one in the background.
  @Test func `signals that are ignored when send starts stay ignored`() async throws {
    try await withServer { server in
      let script = "trap '' HUP INT QUIT; exec \"$0\" \"$@\""
      let process = try ProcessRunner(
        "/bin/sh",
        ["-c", script, Sluice.path, "send", "-", "--name", "x", "--to", server.url]
      )
      try process.send([1, 2, 3])
      _ = try await process.line { $0.contains("started") }
      for signal in [SIGHUP, SIGINT, SIGQUIT] { process.signal(signal) }
      try process.send([4, 5])
      process.closeInput()
      #expect(try await process.exit() == .status(0))
      #expect(try server.uploads.read("x") == [1, 2, 3, 4, 5])
    }
  }

  @Test func `with closed standard descriptors send sends a file, and fails to send standard input`() async throws {
    try await withServer { server in
      let file = try server.scratch.random(300_000, to: "f")
      let silent = "exec \"$0\" send \"$1\" --to \"$2\" <&- >&- 2>&-"
      let sent = try await ProcessRunner.run("/bin/sh", ["-c", silent, Sluice.path, file, server.url])
      #expect(sent.exit == .status(0) && sent.output == "" && sent.errors == "")
      try server.expect("f", equals: file)
      let inputless = "exec \"$0\" send - --to \"$1\" <&-"
      let ended = try await ProcessRunner.run("/bin/sh", ["-c", inputless, Sluice.path, server.url])
      #expect(ended.exit == .status(1))
      #expect(ended.errors.contains("is not open for reading"), "\(ended)")
      #expect(try server.uploads.names() == ["f"])
    }
  }
}
