import Foundation
import Testing
import UploadTestSupport

/// The programs that README.md shows, run as they stand there, but for the address.
@Suite struct ReadmeTests {
  @Test(.node) func nodesLines() async throws {
    try await withServer { server in
      let path = try server.scratch.random(3 << 20, to: "big.bin")
      try server.scratch.write(try block("js", for: server).utf8, to: "lines.mjs")
      let ended = try await ProcessRunner.run("node", ["lines.mjs"], directory: server.scratch.path)
      #expect(ended.exit == .status(0), "\(ended)")
      try server.expect("big.bin", equals: path)
    }
  }

  @Test(.python) func pythonsLines() async throws {
    try await withServer { server in
      let path = try server.scratch.random(3 << 20, to: "big.bin")
      let lines = try block("python", for: server)
      let environment = ["no_proxy": "127.0.0.1", "NO_PROXY": "127.0.0.1"]
      let ended = try await ProcessRunner.run(
        "python3",
        ["-c", lines],
        environment: environment,
        directory: server.scratch.path
      )
      #expect(ended.exit == .status(0), "\(ended)")
      try server.expect("big.bin", equals: path)
    }
  }

  /// The rows of the table "with, how" that are commands, each as it stands there but for names and the address.
  @Test(.curl, .wget, .bash, arguments: try commands().filter { !$0.how.hasPrefix("nc ") })
  func everyWayToUpload(row: Row) async throws {
    try await withServer { try await upload(row, to: $0) }
  }

  @Test(.bash, .netcat) func theRawPort() async throws {
    let row = try #require(try Self.commands().first { $0.how.hasPrefix("nc ") })
    try await withServer(["--raw-port", "0"]) { try await upload(row, to: $0) }
  }

  private func upload(_ row: Row, to server: SluiceServer) async throws {
    let path = try server.scratch.random(3 << 20, to: "a.bin")
    try server.scratch.directory("photos").write([65, 66], to: "b.txt")
    let command = row.how
      .replacing(/FILE(\.\.\.)?|NAME/, with: "a.bin").replacing("DIR", with: "photos")
      .replacing("http://127.0.0.1:8080", with: server.url).replacing("9000", with: String(server.rawPort))
    let ended = try await ProcessRunner.run(
      "bash",
      ["-c", "set -euo pipefail; sluice() { \"$SLUICE_UNDER_TEST\" \"$@\"; }; \(command)"],
      environment: ["SLUICE_UNDER_TEST": Sluice.path, "no_proxy": "127.0.0.1", "NO_PROXY": "127.0.0.1"],
      directory: server.scratch.path
    )
    #expect(ended.exit == .status(0), "\(command): \(ended)")
    try await server.events { $0.event == "finished" }
    let name = try #require(try server.uploads.names().first)
    guard name == "dir.tar" else { return try server.expect(name, equals: path) }
    let content = try await ProcessRunner.run("tar", ["xOf", server.uploads.file(name), "photos/b.txt"])
    #expect(content.output == "AB")
  }

  struct Row: Sendable, CustomTestStringConvertible {
    var with: String
    var how: String

    var testDescription: String { with }
  }

  private static func commands() throws -> [Row] {
    let text = try String(contentsOf: URL(filePath: "\(Sluice.package)/README.md"), encoding: .utf8)
    let table = text.components(separatedBy: "<!-- upload -->\n").last?.components(separatedBy: "\n\n").first ?? ""
    let rows = table.matches(of: /\| (.+?) \| `(.+)` \|/).map {
      Row(with: String($0.1), how: String($0.2).replacing(#"\|"#, with: "|"))
    }
    guard rows.count == 6 else { throw TimeoutError("README.md's table of ways to upload is another: \(rows)") }
    return rows
  }

  /// The first block of a language that names the default address, with the server's in its place.
  private func block(_ language: String, for server: SluiceServer) throws -> String {
    let text = try String(contentsOf: URL(filePath: "\(Sluice.package)/README.md"), encoding: .utf8)
    let blocks = text.components(separatedBy: "```\(language)\n").dropFirst().map {
      $0.components(separatedBy: "```")[0]
    }
    let address = "http://127.0.0.1:8080"
    let lines = try #require(blocks.first { $0.contains(address) }, "README.md has no such block")
    return lines.replacingOccurrences(of: address, with: server.url)
  }
}
