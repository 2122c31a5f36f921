import Foundation
import Testing
import UploadTestSupport

/// Runs the programs and commands in the documentation. Only addresses, sizes and placeholders are replaced.
@Suite struct DocumentationTests {
  @Test(.node) func `the documented Node program uploads the file`() async throws {
    try await withServer { server in
      let path = try server.scratch.random(3 << 20, to: "big.bin")
      try server.scratch.write(
        Self.httpPage().block("js").replacing(DocumentationPage.address, with: server.url).utf8,
        to: "program.mjs"
      )
      let ended = try await ProcessRunner.run("node", ["program.mjs"], directory: server.scratch.path)
      #expect(ended.exit == .status(0), "\(ended)")
      try server.expect("big.bin", equals: path)
    }
  }

  @Test(.python) func `the documented Python program uploads the file`() async throws {
    try await withServer { server in
      let path = try server.scratch.random(3 << 20, to: "big.bin")
      let lines = try Self.httpPage().block("python").replacing(DocumentationPage.address, with: server.url)
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

  @Test(.bash, .curl) func `the documented curl commands create a resumable upload and complete it`() async throws {
    try await withServer { server in
      let path = try server.scratch.random(3 << 20, to: "big.bin")
      let commands = try Self.httpPage().block("sh").replacing(DocumentationPage.address, with: server.url)
      let ended = try await shell(commands, in: server.scratch)
      #expect(ended.exit == .status(0), "\(ended)")
      try server.expect("big.bin", equals: path)
    }
  }

  @Test(.bash, .curl) func `the README's commands for uploads from another machine upload files`() async throws {
    let lines = try Self.readme().commands("sluice serve").split(separator: "\n").map(String.init)
    try #require(lines.count == 3)
    try await withTemporaryDirectory { directory in
      let serve = lines[0].prefix(while: { $0 != "#" }).split(separator: " ").map(String.init)
      let process = try Sluice.start(Array(serve.dropFirst()) + ["--port", "0"], directory: directory.path)
      let output = try await process.line { $0.contains(" open http://") }
      let link = try #require(output.firstMatch(of: /http:\/\/\S+:(\d+)\/#t=(\S+) in a browser/))
      for (index, name) in ["curl.bin", "sluice.bin"].enumerated() {
        let file = try directory.random(100_000, to: name)
        let command = lines[index + 1].replacing("FILE", with: name).replacing("TOKEN", with: String(link.2))
          .replacing("http://192.168.1.7:8080", with: "http://127.0.0.1:\(link.1)")
        let ended = try await shell(command, in: directory)
        #expect(ended.exit == .status(0), "\(ended)")
        #expect(try Digest.ofFile(directory.file("uploads/\(name)")) == Digest.ofFile(file))
      }
      process.signal(SIGTERM)
      #expect(try await process.exit() == .status(0))
    }
  }

  /// The rows of the table "with, how" that are commands.
  @Test(.curl, .wget, .bash, arguments: try commands().filter { !$0.how.hasPrefix("nc ") })
  func `every HTTP command in the table of upload commands uploads the file`(row: Row) async throws {
    try await withServer { try await upload(row, to: $0) }
  }

  @Test(.bash, .netcat) func `the documented netcat command uploads the file to the raw port`() async throws {
    let row = try #require(try Self.commands().first { $0.how.hasPrefix("nc ") })
    try await withServer(["--raw-port", "0"]) { try await upload(row, to: $0) }
  }

  private func upload(_ row: Row, to server: SluiceServer) async throws {
    let path = try server.scratch.random(3 << 20, to: "a.bin")
    try server.scratch.directory("photos").write([65, 66], to: "b.txt")
    let command = row.how
      .replacing(/FILE(\.\.\.)?|NAME/, with: "a.bin").replacing("DIR", with: "photos")
      .replacing(DocumentationPage.address, with: server.url).replacing("9000", with: String(server.rawPort))
    let ended = try await shell(command, in: server.scratch)
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

  private static func readme() throws -> DocumentationPage { try DocumentationPage("README.md") }

  private static func httpPage() throws -> DocumentationPage { try DocumentationPage("example/docs/http.md") }

  private static func commands() throws -> [Row] {
    let table =
      try readme().text.components(separatedBy: "<!-- upload -->\n").last?.components(separatedBy: "\n\n").first
      ?? ""
    let rows = table.matches(of: /\| (.+?) \| `(.+)` \|/).map {
      Row(with: String($0.1), how: String($0.2).replacing(#"\|"#, with: "|"))
    }
    guard rows.count == 6 else { throw TimeoutError("README.md's table of ways to upload has not 6 commands: \(rows)") }
    return rows
  }

  @Test(.bash) func `the documented send commands upload the files`() async throws {
    let lines = try Self.readme().commands("sluice send").split(separator: "\n").map(String.init)
    try #require(lines.count == 4 && lines[3].contains("http://files.example/inbox/"))
    try await withServer { server in
      let path = try server.scratch.random(100_000, to: "big.iso")
      try server.scratch.directory("photos").write([65, 66], to: "b.txt")
      let command = lines[..<3].joined(separator: "\n").replacing("http://192.168.1.7:8080", with: server.url)
      let ended = try await shell(command, in: server.scratch)
      #expect(ended.exit == .status(0), "\(ended)")
      #expect(ended.output.contains("1 file skipped"), "\(ended)")
      try server.expect("big.iso", equals: path)
      #expect(try server.uploads.read("photos/b.txt") == [65, 66])
      let content = try await ProcessRunner.run("tar", ["xOf", server.uploads.file("photos.tar"), "photos/b.txt"])
      #expect(content.output == "AB")

      let (other, port) = try Socket.listening()
      async let sent = shell(
        lines[3].replacing("http://files.example/", with: "http://127.0.0.1:\(port)/"),
        in: server.scratch
      )
      let connection = try await other.accept()
      #expect(try await connection.receiveHead().hasPrefix("PUT /inbox/big.iso HTTP/1.1\r\n"))
      try await connection.send("HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n")
      #expect(try await sent.exit == .status(0))
    }
  }

  @Test(.bash, arguments: ["sluice compare", "sluice headless", "sluice sample"])
  func `documented compare, headless and sample commands write only the files they name`(_ name: String) async throws {
    try await withTemporaryDirectory { directory in
      let place = try directory.directory("tmp")
      let command = try DocumentationPage("example/docs/options.md").commands(name).replacing(
        /--size \S+/,
        with: "--size 3MB"
      )
      let ended = try await shell(command, in: directory, environment: ["TMPDIR": place.path])
      #expect(ended.exit == .status(0), "\(ended)")
      let made = ["sluice compare": ["memory.svg"], "sluice sample": ["big.csv"]][name] ?? []
      #expect(try directory.names() == made + ["tmp"])
      #expect(try place.names() == [])
    }
  }

  /// Runs lines of bash in a directory, with the program under test as `sluice`.
  private func shell(
    _ lines: String,
    in directory: TemporaryDirectory,
    environment: [String: String] = [:]
  ) async throws -> (exit: ProcessRunner.Exit, output: String, errors: String) {
    let given = ["SLUICE_UNDER_TEST": Sluice.path, "no_proxy": "127.0.0.1", "NO_PROXY": "127.0.0.1"]
    return try await ProcessRunner.run(
      "bash",
      ["-c", "set -euo pipefail; sluice() { env -u SLUICE_UNDER_TEST \"$SLUICE_UNDER_TEST\" \"$@\"; }; \(lines)"],
      environment: given.merging(environment) { $1 },
      directory: directory.path
    )
  }
}
