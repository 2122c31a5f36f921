import Foundation
import Glibc
import Testing
import UploadTestSupport

/// The scripts of `example/` that resume, each with interruptions.
@Suite struct ResumableExampleTests {
  /// A script, and the suffix of the file in which it keeps the upload's URL.
  struct Script: Sendable, CustomStringConvertible {
    let path: String
    let suffix: String

    var description: String { path }

    var file: String { "\(Sluice.package)/example/\(path)" }
  }

  private static let curl = Script(path: "curl/resume.sh", suffix: "upload")
  private static let node = Script(path: "node/resume.mjs", suffix: "tus")
  private static let python = Script(path: "python/resume.py", suffix: "tus")

  @Test(.curl, .bash) func `curl/resume.sh continues after interruptions`() async throws {
    try await continues(Self.curl)
  }

  @Test(.node) func `node/resume.mjs continues after interruptions`() async throws {
    try await continues(Self.node)
    try await continuesAfterCut(Self.node)
  }

  @Test(.barePython) func `python/resume.py continues after interruptions`() async throws {
    try await continues(Self.python)
    try await continuesAfterCut(Self.python)
  }

  @Test(.curl, .bash) func `curl/resume.sh continues in a second run`() async throws {
    try await continuesInSecondRun(Self.curl)
  }

  @Test(.node) func `node/resume.mjs continues in a second run`() async throws {
    try await continuesInSecondRun(Self.node)
  }

  @Test(.barePython) func `python/resume.py continues in a second run`() async throws {
    try await continuesInSecondRun(Self.python)
  }

  @Test(.curl, .bash, .openssl) func `curl/resume.sh presents the token over TLS`() async throws {
    try await presentsToken(Self.curl)
  }

  @Test(.node, .openssl) func `node/resume.mjs presents the token over TLS`() async throws {
    try await presentsToken(Self.node)
  }

  @Test(.barePython, .openssl) func `python/resume.py presents the token over TLS`() async throws {
    try await presentsToken(Self.python)
  }

  @Test(.curl, .bash) func `curl/resume.sh reports failures and wrong usage`() async throws {
    try await fails(Self.curl)
  }

  @Test(.node) func `node/resume.mjs reports failures and wrong usage`() async throws {
    try await fails(Self.node)
  }

  @Test(.barePython) func `python/resume.py reports failures and wrong usage`() async throws {
    try await fails(Self.python)
  }

  /// All users of a machine can read its command lines.
  @Test(.bash) func `curl/resume.sh passes no token on a command line`() async throws {
    try await withTemporaryDirectory { directory in
      try directory.write("#!/bin/sh\nprintf '%s\\n' \"$@\" >>\"$0.log\"; printf 400\n".utf8, to: "curl")
      try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: directory.file("curl"))
      let path = "\(directory.path):\(ProcessInfo.processInfo.environment["PATH"] ?? "")"
      let ended = try await run(
        Self.curl,
        [directory.write([1], to: "a.bin")],
        environment: ["SLUICE_TOKEN": "a-token.for~the_test", "PATH": path]
      )
      #expect(ended.exit == .status(22), "\(ended)")
      let log = String(decoding: try directory.read("curl.log"), as: UTF8.self)
      #expect(log.contains("POST\n") && !log.contains("a-token"), "\(log)")
    }
  }

  // MARK: What each of them does

  private static let environment = ["no_proxy": "127.0.0.1", "NO_PROXY": "127.0.0.1", "SLUICE_TOKEN": ""]

  private func run(_ script: Script, _ arguments: [String], environment: [String: String] = [:]) async throws
    -> (exit: ProcessRunner.Exit, output: String, errors: String)
  {
    let all = Self.environment.merging(environment) { $1 }
    return try await ProcessRunner.run(script.file, arguments, environment: all, timeout: .seconds(120))
  }

  /// Name, size, and at which bytes of connections the network interrupts.
  private static let files: [(String, Int, [Int])] = [
    ("empty.bin", 0, []), ("one.bin", 1, []), ("big one.bin", 12_000_001, [3_000_000, 60, 700_001, 5_000_000]),
  ]

  /// Files of several sizes through a network that resets their connections.
  private func continues(_ script: Script) async throws {
    try await withServer { server in
      for (name, size, places) in Self.files {
        let path = try server.scratch.random(size, to: name)
        let faults = places.map { FaultyProxy.Fault.reset(at: $0) }
        try await FaultyProxy.with(faults, target: server.port) { proxy in
          let ended = try await run(script, [path, "http://127.0.0.1:\(proxy.port)"])
          #expect(ended.exit == .status(0), "\(name): \(ended)")
          #expect(proxy.faultsLeft == 0, "\(name)")
        }
        try server.expect(name, equals: path)
        #expect(!FileManager.default.fileExists(atPath: "\(path).\(script.suffix)"))
      }
      #expect(try server.uploads.visibleNames() == ["big one.bin", "empty.bin", "one.bin"])
      #expect(try server.uploads.unfinishedContents() == [])
    }
  }

  private func continuesAfterCut(_ script: Script) async throws {
    try await withServer { server in
      let path = try server.scratch.random(12_000_001, to: "f")
      let ended = try await run(script, ["--cut-after", "5000000", path, server.url])
      #expect(ended.exit == .status(0) && ended.errors.contains("--cut-after"), "\(ended)")
      try server.expect("f", equals: path)
    }
  }

  private func continuesInSecondRun(_ script: Script) async throws {
    try await withServer(["--limit-rate", "8MB/s", "--interval", "50ms"]) { server in
      let path = try server.scratch.random(16_000_001, to: "f")
      // It passes signals on to all processes of the script, as a terminal does for Ctrl-C.
      let arguments = ["120", script.file, path, server.url]
      let first = try ProcessRunner("timeout", arguments, environment: Self.environment)
      try await server.events { $0.event == "progress" && $0.bytes ?? 0 > 4_000_000 }
      first.signal(SIGINT)
      _ = try await first.exit()
      #expect(FileManager.default.fileExists(atPath: "\(path).\(script.suffix)"))
      #expect(try server.uploads.visibleNames() == [])
      let second = try await run(script, [path, server.url])
      #expect(second.exit == .status(0) && second.errors.contains("continues at"), "\(second)")
      try server.expect("f", equals: path)
      #expect(try server.uploads.visibleNames() == ["f"])
      #expect(try server.uploads.unfinishedContents() == [])
    }
  }

  private func presentsToken(_ script: Script) async throws {
    try await withTemporaryDirectory { directory in
      let options = try await directory.certificate()
      let certificate = options[1]
      let trust = ["CURL_CA_BUNDLE": certificate, "NODE_EXTRA_CA_CERTS": certificate, "SSL_CERT_FILE": certificate]
      try await withServer(options + ["--token", "a-token.for~the_test"]) { server in
        let path = try server.scratch.random(100_000, to: "big one.bin")
        let rejected = try await run(script, [path, server.url], environment: trust)
        #expect(rejected.exit != .status(0), "\(rejected)")
        #expect(try server.uploads.visibleNames() == [])
        let environment = trust.merging(["SLUICE_TOKEN": "a-token.for~the_test"]) { $1 }
        let stored = try await run(script, [path, server.url], environment: environment)
        #expect(stored.exit == .status(0), "\(stored)")
        try server.expect("big one.bin", equals: path)
      }
    }
  }

  private func fails(_ script: Script) async throws {
    try await withServer(["--max-size", "1kB"]) { server in
      let path = try server.scratch.random(5000, to: "large.bin")
      let rejected = try await run(script, [path, server.url])
      #expect(rejected.exit != .status(0) && (rejected.output + rejected.errors).contains("413"), "\(rejected)")
      #expect(try server.uploads.visibleNames() == [])
      let missing = server.scratch.file("missing")
      let withoutFile = try await run(script, [missing, server.url])
      #expect(withoutFile.exit != .status(0) && withoutFile.errors.contains(missing), "\(withoutFile)")
    }
    let ended = try await run(script, [])
    #expect(ended.exit == .status(64) && ended.errors.contains("usage: "), "\(ended)")
  }
}
