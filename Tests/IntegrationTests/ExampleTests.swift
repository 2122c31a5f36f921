import Testing
import UploadTestSupport

/// Every script of `example/`, as a user calls it.
@Suite struct ExampleTests {
  private static let sizes = ["empty.bin": 0, "one.bin": 1, "middle.bin": 3 << 20, "big one.bin": 64 << 20]

  @Test(.curl, .bash) func curlStream() async throws {
    try await sends { try await run("curl/stream.sh", [$0, $1]) }
  }

  @Test(.curl, .bash) func curlForm() async throws {
    try await sends { try await run("curl/form.sh", [$0, $1]) }
  }

  @Test(.curl, .bash) func curlChunked() async throws {
    try await sends { path, url in
      let script = "\(Sluice.package)/example/curl/chunked.sh"
      return try await ProcessRunner.run("bash", ["-c", #"exec "$0" "${1##*/}" "$2" < "$1""#, script, path, url])
    }
  }

  @Test(.wget, .bash) func wgetPut() async throws {
    try await sends { try await run("wget/put.sh", [$0, $1]) }
  }

  @Test(.node) func nodeStream() async throws {
    try await sends { try await run("node/stream.mjs", [$0, $1]) }
  }

  @Test(.node) func nodeForm() async throws {
    try await sends { try await run("node/form.mjs", [$0, $1]) }
  }

  /// Before Node 20, and for files of 4 GiB and more, there is no blob of a file to send.
  @Test(.node) func nodeFormWithoutBlobs() async throws {
    try await withTemporaryDirectory { directory in
      let shim = try directory.write(
        "require('fs').openAsBlob = undefined; require('module').syncBuiltinESMExports()".utf8,
        to: "old.cjs"
      )
      let script = "\(Sluice.package)/example/node/form.mjs"
      try await sends { try await ProcessRunner.run("node", ["--require", shim, script, $0, $1]) }
    }
  }

  @Test(.python) func pythonStream() async throws {
    try await sends { try await run("python/upload.py", [$0, $1]) }
  }

  @Test(.python) func pythonForm() async throws {
    try await sends { try await run("python/upload.py", ["--form", $0, $1]) }
  }

  @Test(.curl, .bash, .node, arguments: ["curl/form.sh", "node/form.mjs"])
  func severalFilesInOneForm(script: String) async throws {
    try await withServer { server in
      let names = ["a.bin", "b,c;d.bin", "grüße \"x\" [1] {2} 100%.bin"]
      let paths = try names.map { try server.scratch.random(1000, to: $0) }
      let ended = try await run(script, paths + [server.url])
      #expect(ended.exit == .status(0), "\(ended)")
      #expect(try Answer(ended.output).files?.map(\.name) == names)
      for (name, path) in zip(names, paths) { try server.expect(name, equals: path) }
      #expect(try server.uploads.names() == names.sorted())
    }
  }

  @Test(.curl, .bash, .node, .python, .wget, arguments: Self.scripts)
  func aRefusalIsShownAndIsAFailure(script: [String]) async throws {
    try await withServer(["--max-size", "1kB"]) { server in
      let path = try server.scratch.random(5000, to: "large.bin")
      let ended = try await run(script[0], script.dropFirst() + [path, server.url])
      #expect(ended.exit != .status(0))
      #expect(ended.output.contains("\"status\":413"), "\(ended)")
      #expect(try server.uploads.names() == [])
    }
  }

  @Test(.curl, .bash, .node, .python, .wget, arguments: Self.scripts)
  func nobodyThereAndNoFileAreFailures(script: [String]) async throws {
    try await withTemporaryDirectory { directory in
      let missing = directory.file("missing")
      // Not port 1: browsers and Node's fetch refuse that by themselves.
      let nobody = "http://127.0.0.1:\(try Socket.freePort())"
      let withoutFile = try await run(script[0], script.dropFirst() + [missing, nobody])
      #expect(withoutFile.exit != .status(0))
      #expect(withoutFile.errors.contains(missing), "\(withoutFile)")
      let withoutServer = try await run(
        script[0],
        script.dropFirst() + [try directory.write([1], to: "one"), nobody]
      )
      #expect(withoutServer.exit != .status(0))
      #expect(!withoutServer.errors.isEmpty)
    }
  }

  @Test(.curl, .bash, .node, .python, .wget, arguments: Self.scripts + [["curl/chunked.sh"]])
  func wrongUsageIsSaid(script: [String]) async throws {
    let ended = try await run(script[0], [])
    #expect(ended.exit == .status(64))
    #expect(ended.errors.contains("usage: "), "\(ended)")
  }

  /// All that take a file.
  private static let scripts = [
    ["curl/stream.sh"], ["curl/form.sh"], ["wget/put.sh"], ["node/stream.mjs"], ["node/form.mjs"],
    ["python/upload.py"], ["python/upload.py", "--form"],
  ]

  private typealias Ended = (exit: ProcessRunner.Exit, output: String, errors: String)

  private func run(_ script: String, _ arguments: [String]) async throws -> Ended {
    try await ProcessRunner.run("\(Sluice.package)/example/\(script)", arguments, timeout: .seconds(120))
  }

  /// Sends files of all sizes, each expected to be answered for and to arrive.
  private func sends(_ send: (_ path: String, _ url: String) async throws -> Ended) async throws {
    try await withServer { server in
      for (name, size) in Self.sizes {
        let path = try server.scratch.random(size, to: name)
        let ended = try await send(path, server.url)
        #expect(ended.exit == .status(0), "\(name): \(ended)")
        let answer = try Answer(ended.output)
        #expect(answer.status == 201 && answer.ok && answer.msg == "file uploaded")
        #expect(answer.files?.map(\.name) == [name])
        #expect(answer.files?.map(\.size) == [UInt64(size)])
        try server.expect(name, equals: path)
      }
      #expect(try server.uploads.names() == Self.sizes.keys.sorted())
      try await server.events(Self.sizes.count) { $0.event == "finished" }
    }
  }
}
