import Foundation
import Testing
import UploadTestSupport

/// `Tests/Tools/hostile/run` with small counts: the parts that need no other clients than other tests do.
@Suite(.barePython, .curl, .node) struct HostileToolTests {
  @Test func `the parts about rejections and stalled clients pass and are in the table`() async throws {
    try await withTemporaryDirectory { directory in
      let ended = try await script.run(
        ["--only", "rejections,stalled", "--curl", "8", "--node", "2", "--python", "3"]
          + ["--stall-after", "2", "--idle-timeout", "6", "--slack", "60"],
        in: directory
      )
      #expect(ended.exit == .status(0), "\(ended)")
      let rows = table(in: ended.output)
      #expect(rows.count { $0[0] == "rejections" } >= 8, "\(ended)")
      #expect(rows.count { $0[0] == "stalled" } == 13, "\(ended)")
      #expect(rows.allSatisfy { $0[3] == "yes" }, "\(ended)")
      #expect(rows.contains { $0[1].hasSuffix("by curl -T in chunks") && $0[2] == "2 of 2" }, "\(ended)")
      #expect(try directory.names() == [])
    }
  }

  @Test(.mounts) func `the part about full disks passes: uploads to small disks get 507`() async throws {
    try await withTemporaryDirectory { directory in
      let ended = try await script.run(["--only", "full"], in: directory)
      #expect(ended.exit == .status(0), "\(ended)")
      let rows = table(in: ended.output)
      #expect(rows.contains { $0[1].hasPrefix("tmpfs: chunked") && $0[2].contains("507") }, "\(ended)")
      #expect(try directory.names() == [])
    }
  }

  @Test func `a server that exceeds its rate limit fails the rate part`() async throws {
    try await withTemporaryDirectory { directory in
      let fake = directory.file("sluice")
      // Twice as fast as it was asked to be; of options given twice the last counts.
      try directory.write("#!/bin/sh\nexec '\(Sluice.path)' \"$@\" --limit-rate 20MB/s\n".utf8, to: "sluice")
      try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: fake)
      let ended = try await script.run(["--only", "rate", "--seconds", "2"], in: directory, sluice: fake)
      #expect(ended.exit == .status(1), "\(ended)")
      let rows = table(in: ended.output)
      // One of the three may be as slow as was asked by chance, on a machine that does much else.
      #expect(rows.count { $0[1].contains("within 5 %") && $0[3] == "**no**" } >= 2, "\(ended)")
      #expect(try directory.names() == ["sluice"])
    }
  }

  @Test func `clients of the rate part may run longer than the measurement`() async throws {
    let program = """
      import pathlib, types, rate
      print(rate.command("stream", pathlib.Path("file"), 600, types.SimpleNamespace(url="", raw_port=0)))
      """
    let folder = URL(filePath: script.path).deletingLastPathComponent()
    let place = [
      "PYTHONPATH": "\(folder.path):\(folder.deletingLastPathComponent().path)", "PYTHONDONTWRITEBYTECODE": "1",
    ]
    let ended = try await ProcessRunner.run("python3", ["-c", program], environment: place)
    let most = try #require(ended.output.firstMatch(of: /'--max-time', '(\d+)'/)?.output.1, "\(ended)")
    #expect(Int(most) ?? 0 > 600)
  }

  @Test func `a requested part whose programs are not installed fails and names them`() async throws {
    try await withTemporaryDirectory { directory in
      try FileManager.default.createSymbolicLink(
        atPath: directory.file("python3"),
        withDestinationPath: try await python()
      )
      let ended = try await script.run(["--only", "slow"], in: directory, environment: ["PATH": directory.path])
      #expect(ended.exit == .status(1), "\(ended)")
      #expect(ended.output.contains("curl is not installed: apt-get install curl"), "\(ended)")
    }
  }

  @Test(arguments: [SIGINT, SIGTERM])
  func `a run that is stopped by a signal leaves no file and no process`(_ signal: Int32) async throws {
    try await withTemporaryDirectory { directory in
      let runner = try ProcessRunner(
        script.path,
        ["--sluice", Sluice.path, "--only", "rate", "--seconds", "600"],
        directory: directory.path
      )
      runner.closeInput()
      // Not any process: python3 may be a script that starts the interpreter, and both end by the signal before that.
      try await eventually("a server") { try ToolScript.processes(in: "\(directory.path)/sluice-hostile-") > 0 }
      runner.signal(signal)
      #expect(try await runner.exit() == .status(130), "\(runner.errors)")
      #expect(try directory.names() == [])
      try await eventually("the end of all it began") { try ToolScript.processes(in: directory.path) == 0 }
    }
  }

  @Test(arguments: [["--only", "kindness"], ["--only", ""], ["--curl", "0"], ["--rounds", "many"], ["file"]])
  func `wrong usage exits with 64 and prints the usage`(_ arguments: [String]) async throws {
    try await withTemporaryDirectory { directory in
      let ended = try await script.run(arguments, in: directory)
      #expect(ended.exit == .status(64))
      #expect(ended.errors.contains("usage: run "), "\(ended)")
    }
  }

  private let script = ToolScript("hostile")

  /// The cells of every row but the header row.
  private func table(in output: String) -> [[String]] {
    output.split(separator: "\n").filter { $0.hasPrefix("| ") }.dropFirst(2).map { line in
      line.dropFirst(2).dropLast(2).components(separatedBy: " | ")
    }
  }

  /// The interpreter itself: `python3` in PATH may be a script that needs more programs of PATH.
  private func python() async throws -> String {
    let ended = try await ProcessRunner.run("python3", ["-c", "import sys; print(sys.executable)"])
    return ended.output.trimmingCharacters(in: .whitespacesAndNewlines)
  }
}
