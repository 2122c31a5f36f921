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
