import Foundation
import Testing
import UploadTestSupport

/// The example's clients before a server that asks for a token, by TLS.
@Suite(.openssl) struct ExampleAccessTests {
  private static let token = "a-token.for~the_test"

  @Test(.curl, .bash, arguments: ["stream.sh", "form.sh"])
  func `the curl examples fail without the access token and present it over TLS`(script: String) async throws {
    try await shows("curl/\(script)")
  }

  @Test(.curl, .bash)
  func `the chunked curl example fails without the access token and presents it over TLS`() async throws {
    try await shows("bash", ["-c", #"exec "$0" "${1##*/}" "$2" < "$1""#, "\(Sluice.package)/example/curl/chunked.sh"])
  }

  @Test(.wget, .bash) func `the wget example fails without the access token and presents it over TLS`() async throws {
    try await shows("wget/put.sh")
  }

  @Test(.node, arguments: ["stream.mjs", "form.mjs"])
  func `the Node examples fail without the access token and present it over TLS`(script: String) async throws {
    try await shows("node/\(script)")
  }

  @Test(.python, arguments: [[], ["--form"]])
  func `the Python example fails without the access token and presents it over TLS`(options: [String]) async throws {
    try await shows("python/upload.py", options)
  }

  /// All users of a machine can read its command lines.
  @Test(.bash, arguments: ["curl/stream.sh", "curl/form.sh", "curl/chunked.sh", "wget/put.sh"])
  func `shell examples pass no token on a command line`(script: String) async throws {
    try await withTemporaryDirectory { directory in
      for program in ["curl", "wget"] {
        try directory.write("#!/bin/sh\necho started; printf '%s\\n' \"$@\"\n".utf8, to: program)
        try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: directory.file(program))
      }
      let ended = try await ProcessRunner.run(
        "\(Sluice.package)/example/\(script)",
        [directory.write([1], to: "a.bin")],
        environment: [
          "SLUICE_TOKEN": Self.token,
          "PATH": "\(directory.path):\(ProcessInfo.processInfo.environment["PATH"] ?? "")",
        ]
      )
      #expect(ended.exit == .status(0) && ended.output.hasPrefix("started\n"), "\(ended)")
      #expect(!ended.output.contains(Self.token), "\(ended)")
    }
  }

  /// Expects that nothing is stored without the token, and the file with it.
  /// - Parameters:
  ///   - program: a script of `example/`, or a name to look up in PATH.
  ///   - arguments: before the file and the server's address.
  private func shows(_ program: String, _ arguments: [String] = []) async throws {
    let program = program.contains("/") ? "\(Sluice.package)/example/\(program)" : program
    try await withTemporaryDirectory { directory in
      let options = try await directory.certificate()
      let certificate = options[1]
      try directory.write("ca_certificate = \(certificate)\n".utf8, to: "wgetrc")
      var environment = [
        "CURL_CA_BUNDLE": certificate, "NODE_EXTRA_CA_CERTS": certificate, "REQUESTS_CA_BUNDLE": certificate,
        "WGETRC": directory.file("wgetrc"), "SLUICE_TOKEN": "", "no_proxy": "127.0.0.1", "NO_PROXY": "127.0.0.1",
      ]
      try await withServer(options + ["--token", Self.token]) { server in
        #expect(server.url.hasPrefix("https://"))
        let path = try server.scratch.random(100_000, to: "big one.bin")
        let rejected = try await ProcessRunner.run(program, arguments + [path, server.url], environment: environment)
        #expect(rejected.exit != .status(0), "\(rejected)")
        #expect(try server.uploads.names() == [])
        environment["SLUICE_TOKEN"] = Self.token
        let stored = try await ProcessRunner.run(program, arguments + [path, server.url], environment: environment)
        #expect(stored.exit == .status(0), "\(stored)")
        #expect(stored.output.contains("\"status\":201"), "\(stored)")
        try server.expect("big one.bin", equals: path)
      }
    }
  }
}
