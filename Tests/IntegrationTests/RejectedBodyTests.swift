import Foundation
import Testing
import UploadTestSupport

/// A large body that is rejected by its length, or for want of a token, from real clients: wget and requests send
/// everything before they read.
@Suite(.serialized) struct RejectedBodyTests {
  private static let options = ["--max-size", "1MB"]
  private static let token = ["--token", "a-token-of-ours"]
  private static let size = 300_000_000
  private static let environment = ["no_proxy": "127.0.0.1", "NO_PROXY": "127.0.0.1"]

  /// Has a client send a file of zeros, and expects the status that it read.
  private func expectRejection(
    _ options: [String] = options,
    size: Int = size,
    status: String = "413",
    by command: (_ file: String, _ url: String) -> [String],
    sourceLocation: SourceLocation = #_sourceLocation
  ) async throws {
    try await withServer(options) { server in
      let file = try server.scratch.write([], to: "large")
      try #require(truncate(file, off_t(size)) == 0)
      let command = command(file, server.url)
      let ended = try await ProcessRunner.run(
        command[0],
        Array(command.dropFirst()),
        environment: Self.environment,
        directory: server.scratch.path
      )
      // A port may have the digits of the status.
      let text = "\(ended.output)\(ended.errors)".replacing(":\(server.port)", with: "")
      #expect(text.contains(status), "\(ended)", sourceLocation: sourceLocation)
      // Without a length an upload begins, and then fails.
      try await server.events { ($0.event == "rejected" && "\($0.status ?? 0)" == status) || $0.event == "failed" }
      #expect(try server.uploads.names() == [])
    }
  }

  private static func wget(_ file: String, _ url: String) -> [String] {
    ["wget", "-S", "-O-", "--tries=1", "--no-check-certificate", "--method=PUT", "--body-file=\(file)", "\(url)/a"]
  }

  @Test(.wget) func `wget, which reads only after it has sent 300 MB, receives the 413`() async throws {
    try await expectRejection(by: Self.wget)
  }

  @Test(.wget) func `wget, which sends 300 MB over TLS before it reads, receives the 413`() async throws {
    try await expectRejection(Self.options + ["--tls", "self-signed"], by: Self.wget)
  }

  @Test(.wget) func `wget, which sends 300 MB of plain HTTP to the TLS port, receives the 400`() async throws {
    try await expectRejection(["--tls", "self-signed"], status: "400") { file, url in
      Self.wget(file, url.replacing("https:", with: "http:"))
    }
  }

  @Test(
    .curl,
    arguments: [
      ["-T", "FILE", "URL/a"], ["-H", "Transfer-Encoding: chunked", "-T", "FILE", "URL/a"],
      ["-F", "file=@FILE", "URL/file-upload"],
    ]
  )
  func `curl that sends 300 MB without Expect receives the 413`(arguments: [String]) async throws {
    try await expectRejection { file, url in
      ["curl", "-sS", "--noproxy", "*", "-H", "Expect:"]
        + arguments.map { $0.replacing("FILE", with: file).replacing("URL", with: url) }
    }
  }

  @Test(
    .python,
    arguments: [
      ("requests.put(url + '/a', data=file)", size),
      ("requests.post(url + '/file-upload', files={'f': file})", 100_000_000),
      ("requests.put(url + '/a', data=iter(lambda: file.read(65536), b''))", size),
    ]
  )
  func `Python requests, which sends all before it reads, receives the 413`(call: String, size: Int) async throws {
    try await expectRejection(size: size) { file, url in
      ["python3", "-c", "import requests\nurl = '\(url)'\nfile = open('\(file)', 'rb')\nprint(\(call).status_code)"]
    }
  }

  @Test(.node, arguments: ["http", "fetch"])
  func `Node that sends 300 MB receives the 413`(client: String) async throws {
    let script = "\(Sluice.package)/Tests/Tools/hostile/clients/early.mjs"
    try await expectRejection { file, url in ["node", script, client, url, file, "1"] }
  }

  // MARK: For want of a token

  @Test(.wget) func `wget that sends 300 MB without a token receives the 401`() async throws {
    try await expectRejection(Self.token, status: "401", by: Self.wget)
  }

  @Test(.curl, arguments: [["-T", "FILE", "URL/a"], ["-F", "file=@FILE", "URL/file-upload"]])
  func `curl that sends 300 MB with neither a token nor Expect receives the 401`(arguments: [String]) async throws {
    try await expectRejection(Self.token, status: "401") { file, url in
      ["curl", "-sS", "--noproxy", "*", "-H", "Expect:"]
        + arguments.map { $0.replacing("FILE", with: file).replacing("URL", with: url) }
    }
  }

  @Test(.python) func `Python requests that sends 300 MB without a token receives the 401`() async throws {
    try await expectRejection(Self.token, status: "401") { file, url in
      let call = "requests.put('\(url)/a', data=open('\(file)', 'rb'))"
      return ["python3", "-c", "import requests\nprint(\(call).status_code)"]
    }
  }

  @Test(.node, arguments: ["http", "fetch"])
  func `Node that sends 300 MB without a token receives the 401`(client: String) async throws {
    let script = "\(Sluice.package)/Tests/Tools/hostile/clients/early.mjs"
    try await expectRejection(Self.token, status: "401") { file, url in ["node", script, client, url, file, "1"] }
  }

  // MARK: The raw port

  @Test(.netcat) func `netcat that sends 300 MB to the raw port receives the 413`() async throws {
    try await withServer(Self.options + ["--raw-port", "0"]) { server in
      let file = try server.scratch.write([], to: "large")
      try #require(truncate(file, off_t(Self.size)) == 0)
      let ended = try await ProcessRunner.run("sh", ["-c", "nc -N 127.0.0.1 \(server.rawPort) < \(file)"])
      #expect(ended.output.contains(#"{"status":413,"#), "\(ended)")
    }
  }
}
