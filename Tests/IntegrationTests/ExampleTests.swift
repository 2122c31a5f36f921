import Testing
import UploadTestSupport

/// Every script of `example/`, as a user calls it.
@Suite struct ExampleTests {
  private static let sizes = ["empty.bin": 0, "one.bin": 1, "middle.bin": 3 << 20, "big one.bin": 64 << 20]

  @Test(.curl, .bash) func `curl/stream.sh uploads a file`() async throws {
    try await sends { try await run("curl/stream.sh", [$0, $1]) }
  }

  @Test(.curl, .bash) func `curl/form.sh uploads a file`() async throws {
    try await sends { try await run("curl/form.sh", [$0, $1]) }
  }

  @Test(.curl, .bash) func `curl/chunked.sh uploads standard input`() async throws {
    try await sends { path, url in
      let script = "\(Sluice.package)/example/curl/chunked.sh"
      return try await ProcessRunner.run("bash", ["-c", #"exec "$0" "${1##*/}" "$2" < "$1""#, script, path, url])
    }
  }

  @Test(.wget, .bash) func `wget/put.sh uploads a file`() async throws {
    try await sends { try await run("wget/put.sh", [$0, $1]) }
  }

  @Test(.node) func `node/stream.mjs uploads a file`() async throws {
    try await sends { try await run("node/stream.mjs", [$0, $1]) }
  }

  @Test(.node) func `node/form.mjs uploads a file`() async throws {
    try await sends { try await run("node/form.mjs", [$0, $1]) }
  }

  @Test(.node) func `node/form.mjs uploads without openAsBlob and reports a missing file`() async throws {
    try await withTemporaryDirectory { directory in
      let old = try directory.write("delete require('fs').openAsBlob".utf8, to: "old.cjs")
      let script = "\(Sluice.package)/example/node/form.mjs"
      try await sends { path, url in
        try await ProcessRunner.run("node", ["--require", old, script, path, url], timeout: .seconds(120))
      }
      try await withServer { server in
        let paths = try ["a \"b\".bin", "grüße 100%.bin"].map { try server.scratch.random(100_000, to: $0) }
        let ended = try await ProcessRunner.run("node", ["--require", old, script] + paths + [server.url])
        #expect(ended.exit == .status(0), "\(ended)")
        try server.expect("a \"b\".bin", equals: paths[0])
        try server.expect("grüße 100%.bin", equals: paths[1])
        let missing = directory.file("missing")
        let failed = try await ProcessRunner.run("node", ["--require", old, script, missing, server.url])
        #expect(failed.exit == .status(1))
        #expect(failed.errors.contains(missing), "\(failed)")
      }
    }
  }

  @Test(.python) func `python/upload.py uploads a file as a stream`() async throws {
    try await sends { try await run("python/upload.py", [$0, $1]) }
  }

  @Test(.python) func `python/upload.py --form uploads a file as a form`() async throws {
    try await sends { try await run("python/upload.py", ["--form", $0, $1]) }
  }

  @Test(.curl, .bash) func `curl/form.sh uploads several files in one form`() async throws {
    try await sendsTogether("curl/form.sh")
  }

  @Test(.node) func `node/form.mjs uploads several files in one form`() async throws {
    try await sendsTogether("node/form.mjs")
  }

  @Test(.curl, .bash) func `the curl examples report failures and wrong usage`() async throws {
    for script in [["curl/stream.sh"], ["curl/form.sh"]] { try await fails(script) }
    try await saysItsUsage("curl/chunked.sh")
  }

  @Test(.wget, .bash) func `the wget example reports failures and wrong usage`() async throws {
    try await fails(["wget/put.sh"])
  }

  @Test(.node) func `the Node examples report failures and wrong usage`() async throws {
    for script in [["node/stream.mjs"], ["node/form.mjs"]] { try await fails(script) }
  }

  @Test(.python) func `the Python example reports failures and wrong usage`() async throws {
    for script in [["python/upload.py"], ["python/upload.py", "--form"]] { try await fails(script) }
  }

  private typealias Ended = (exit: ProcessRunner.Exit, output: String, errors: String)

  private func run(_ script: String, _ arguments: [String]) async throws -> Ended {
    try await ProcessRunner.run(
      "\(Sluice.package)/example/\(script)",
      arguments,
      environment: ["no_proxy": "127.0.0.1", "NO_PROXY": "127.0.0.1"],
      timeout: .seconds(120)
    )
  }

  /// Sends files with difficult names in one form.
  private func sendsTogether(_ script: String) async throws {
    try await withServer { server in
      let names = ["a.bin", "b,c;d.bin", "grüße \"x\" [1] {2} 100%.bin"]
      let paths = try names.map { try server.scratch.random(1000, to: $0) }
      let ended = try await run(script, paths + [server.url])
      #expect(ended.exit == .status(0), "\(ended)")
      #expect(try ResponseJSON(ended.output).files?.map(\.name) == names)
      for (name, path) in zip(names, paths) { try server.expect(name, equals: path) }
      #expect(try server.uploads.names() == names.sorted())
    }
  }

  /// Expects that a rejection, a missing file, a missing server and wrong usage are reported and fail.
  private func fails(_ script: [String]) async throws {
    try await withServer(["--max-size", "1kB"]) { server in
      let path = try server.scratch.random(5000, to: "large.bin")
      let rejected = try await run(script[0], script.dropFirst() + [path, server.url])
      #expect(rejected.exit != .status(0))
      #expect(rejected.output.contains("\"status\":413"), "\(script): \(rejected)")
      #expect(try server.uploads.names() == [])
      let missing = server.scratch.file("missing")
      let withoutFile = try await run(script[0], script.dropFirst() + [missing, server.url])
      #expect(withoutFile.exit != .status(0))
      #expect(withoutFile.errors.contains(missing), "\(script): \(withoutFile)")
      let port = try HeldPort()
      let unused = "http://127.0.0.1:\(port.number)"
      let withoutServer = try await run(script[0], script.dropFirst() + [path, unused])
      #expect(withoutServer.exit != .status(0))
      #expect(!withoutServer.errors.isEmpty, "\(script)")
    }
    try await saysItsUsage(script[0])
  }

  private func saysItsUsage(_ script: String) async throws {
    let ended = try await run(script, [])
    #expect(ended.exit == .status(64))
    #expect(ended.errors.contains("usage: "), "\(script): \(ended)")
  }

  /// Sends files of all sizes and expects a success response and an intact stored file for each.
  private func sends(_ send: (_ path: String, _ url: String) async throws -> Ended) async throws {
    try await withServer { server in
      for (name, size) in Self.sizes {
        let path = try server.scratch.random(size, to: name)
        let ended = try await send(path, server.url)
        #expect(ended.exit == .status(0), "\(name): \(ended)")
        let response = try ResponseJSON(ended.output)
        #expect(response.status == 201 && response.ok && response.msg == "file uploaded")
        #expect(response.files?.map(\.name) == [name])
        #expect(response.files?.map(\.size) == [UInt64(size)])
        try server.expect(name, equals: path)
      }
      #expect(try server.uploads.names() == Self.sizes.keys.sorted())
      try await server.events(Self.sizes.count) { $0.event == "finished" }
    }
  }
}
