import Foundation
import Testing
import UploadTestSupport

/// The clients that are said to need little memory whatever the size, with a file larger than what they may take. One
/// after the other, since other tests wait for the same disk.
@Suite(.serialized) struct ExampleMemoryTests {
  private static let size = 256 << 20
  private static let most: UInt64 = 200 << 20

  @Test(.node, arguments: ["node/stream.mjs", "node/form.mjs"])
  func `the Node scripts send 256 MiB in less than 200 MiB of memory`(script: String) async throws {
    try await staysSmall { path, server in
      try await ProcessRunner.runWatched("\(Sluice.package)/example/\(script)", [path, server.url])
    }
  }

  @Test(.node) func `the Node form script without openAsBlob sends 256 MiB in less than 200 MiB`() async throws {
    try await staysSmall { path, server in
      let old = try server.scratch.write("delete require('fs').openAsBlob".utf8, to: "old.cjs")
      let script = "\(Sluice.package)/example/node/form.mjs"
      return try await ProcessRunner.runWatched("node", ["--require", old, script, path, server.url])
    }
  }

  @Test(.node) func `the documented JavaScript sends 256 MiB in less than 200 MiB of memory`() async throws {
    try await staysSmall { path, server in
      let lines = try DocumentationPage("example/docs/http.md").block("js")
        .replacing(DocumentationPage.address, with: server.url)
      try server.scratch.write(lines.utf8, to: "program.mjs")
      return try await ProcessRunner.runWatched("node", ["program.mjs"], directory: server.scratch.path)
    }
  }

  @Test(.curl, .wget, .python, .bash, arguments: ["curl/stream.sh", "curl/form.sh", "wget/put.sh", "python/upload.py"])
  func `the curl, wget and Python scripts send 256 MiB in less than 200 MiB of memory`(script: String) async throws {
    try await staysSmall { path, server in
      let noProxy = ["no_proxy": "127.0.0.1", "NO_PROXY": "127.0.0.1"]
      let script = "\(Sluice.package)/example/\(script)"
      return try await ProcessRunner.runWatched(script, [path, server.url], environment: noProxy)
    }
  }

  /// What `compare` shows of Node is what it says it shows: a stream that fits a limit, and a form that does not.
  @Test(.node)
  func `within compare's memory limit Node's stream arrives and its buffered form does not`() async throws {
    try await withTemporaryDirectory { directory in
      // Others are not looked for: this is about Node alone.
      let found = try await ProcessRunner.run("node", ["-p", "process.execPath"]).output
      let programs = try directory.directory("bin")
      try FileManager.default.createSymbolicLink(
        atPath: programs.file("node"),
        withDestinationPath: found.trimmingCharacters(in: .newlines)
      )
      let ended = try await ProcessRunner.run(
        Sluice.path,
        ["compare", "--size", String(Self.size), "--max-memory", String(Self.most)],
        environment: ["TMPDIR": directory.path, "PATH": programs.path],
        timeout: .seconds(300)
      )
      #expect(ended.exit == .status(0), "\(ended)")
      #expect(ended.output.contains(/node stream: .*intact/), "\(ended)")
      #expect(!ended.output.contains(/node buffered: .*intact/), "\(ended)")
    }
  }

  /// Has a file named `big.bin` sent, which must arrive under that name.
  private func staysSmall(
    _ send: (_ path: String, _ server: SluiceServer) async throws -> (
      exit: ProcessRunner.Exit, output: String, errors: String, peak: UInt64
    )
  ) async throws {
    try await withServer(["--durability", "none"]) { server in
      let path = try server.scratch.random(1 << 20, to: "big.bin")
      // The rest is a hole: quickly made, and read as zeros.
      #expect(truncate(path, Self.size) == 0)
      let ended = try await send(path, server)
      #expect(ended.exit == .status(0), "\(ended)")
      #expect(ended.peak > 0 && ended.peak < Self.most, "\(ended)")
      try server.expect("big.bin", equals: path)
    }
  }
}
