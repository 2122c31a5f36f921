import Foundation
import Glibc
import Testing
import UploadTestSupport

/// The log on standard error.
@Suite(.curl) struct LogTests {
  private struct Line: Decodable {
    var level: String
    var msg: String
    var name: String?
    var code: String?
    var status: String?
    var remote: String?
    var count: String?
  }

  private static let token = "a-token-of-ours"

  @Test func `with --log-level info each upload is logged once, and many rejections in few lines`() async throws {
    let options = ["--log-format", "json", "--log-level", "info", "--max-size", "1MB", "--token", Self.token]
    try await withServer(options, stops: false) { server in
      let path = try server.scratch.random(1000, to: "f")
      #expect(
        try await Curl.run(["-u", ":\(Self.token)", "-T", path, "\(server.url)/a%1B%5B2J?token=\(Self.token)"]).status
          == 201
      )
      let large = try server.scratch.random(3_000_000, to: "large")
      let chunked = ["-u", ":\(Self.token)", "-H", "Transfer-Encoding: chunked", "-T", large]
      #expect(try await Curl.run(chunked + ["\(server.url)/b"]).isRejection(413))
      for _ in 0..<40 {
        let socket = try Socket(port: server.port)
        try await socket.send("NONSENSE\u{1B}[2J\r\n\r\n")
        #expect(try await socket.receiveResponses().first?.status == 400)
      }
      #expect(try await Curl.run(["-u", ":wrong-token", "-T", path, "\(server.url)/c"]).isRejection(401))
      try await server.events(2) { $0.event == "finished" || $0.event == "failed" }
      server.process.signal(SIGTERM)
      #expect(try await server.process.exit() == .status(0))
      #expect(!server.process.errors.contains(Self.token))
      #expect(!server.process.errors.contains("wrong-token"))
      #expect(!server.process.errors.contains("\u{1B}"))
      let lines = try server.process.errors.split(separator: "\n").map {
        try JSONDecoder().decode(Line.self, from: Data($0.utf8))
      }
      #expect(lines.count { $0.msg == "upload finished" } == 1)
      #expect(lines.first { $0.msg == "upload failed" }?.code == "tooLarge")
      let rejections = lines.filter { $0.msg == "request rejected" }
      // All 41 came within seconds, in two kinds: never one line each for a flood.
      #expect(
        (2...10).contains(rejections.count) && rejections.allSatisfy { $0.remote == "127.0.0.1" },
        "\(rejections)"
      )
      let counted = rejections.compactMap { Int($0.count ?? "1") }.reduce(0, +)
      #expect((2...41).contains(counted))
    }
  }

  @Test func `at the default log level an upload and a rejection log nothing`() async throws {
    // That standard error stays empty is looked at when the server has ended.
    try await withServer { server in
      let path = try server.scratch.random(1000, to: "f")
      #expect(try await Curl.run(["-T", path, "\(server.url)/a"]).status == 201)
      #expect(try await Curl.run(["--path-as-is", "-T", path, "\(server.url)/%2E%2E"]).isRejection(400))
    }
  }
}
