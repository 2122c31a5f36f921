import Foundation
import Testing
import UploadTestSupport

/// Downloads by real clients.
@Suite(.curl) struct DownloadTests {
  private static let large = 300_000_000

  @Test(arguments: [[], ["--tls", "self-signed"]])
  func `300 MB arrive unchanged, as a whole and continued after an interruption`(options: [String]) async throws {
    try await withServer(options) { server in
      let expected = try Digest.ofFile(server.uploads.random(Self.large, to: "f"))
      let back = server.scratch.file("back")
      #expect(try await Curl.run(["-k", "-o", back, "\(server.url)/files/f"]).status == 200)
      #expect(try Digest.ofFile(back) == expected)
      let handle = try FileHandle(forWritingTo: URL(filePath: back))
      try handle.truncate(atOffset: 123_456_789)
      try handle.close()
      #expect(try await Curl.run(["-k", "-C", "-", "-o", back, "\(server.url)/files/f"]).status == 206)
      #expect(try Digest.ofFile(back) == expected)
      let events = try await server.events(2) { $0.event == "download" }
      #expect(events.map(\.name) == ["f", "f"])
      #expect(events.map(\.bytes) == [UInt64(Self.large), UInt64(Self.large - 123_456_789)])
      #expect(events.map(\.size) == events.map(\.bytes))
      #expect(events.allSatisfy { $0.outcome == "finished" && $0.remote?.hasPrefix("127.0.0.1:") == true })
      let metrics = try await Curl.run(["-k", "\(server.url)/metrics"]).body
      #expect(metrics.contains("sluice_downloads_total{outcome=\"finished\"} 2\n"))
      #expect(metrics.contains("sluice_download_bytes_total \(2 * Self.large - 123_456_789)\n"))
      #expect(metrics.contains("sluice_downloads_active 0\n"))
    }
  }

  @Test(arguments: [[], ["--tls", "self-signed"]])
  func `a file that is truncated while it is sent ends the connection, and is reported`(options: [String]) async throws
  {
    try await withServer(options) { server in
      try server.uploads.random(Self.large, to: "f")
      let back = server.scratch.file("back")
      // More than the sockets' buffers in a few seconds, and much less than the file.
      async let reply = Curl.run(["-k", "--limit-rate", "4M", "-o", back, "\(server.url)/files/f"])
      try await eventually("the first bytes") { try server.scratch.names().contains("back") }
      let handle = try FileHandle(forWritingTo: URL(filePath: server.uploads.file("f")))
      try handle.truncate(atOffset: 0)
      try handle.close()
      // CURLE_PARTIAL_FILE.
      #expect(try await reply.exit == .status(18))
      let event = try #require(try await server.events { $0.event == "download" }.first)
      #expect(event.outcome == "aborted" && event.size == UInt64(Self.large))
      #expect(event.bytes ?? .max < UInt64(Self.large / 2))
    }
  }

  @Test func `small downloads are counted without an event, and requests behind them are served in order`() async throws
  {
    try await withServer { server in
      for name in ["a", "b"] { try server.uploads.write(Array("content of \(name)".utf8), to: name) }
      let socket = try Socket(port: server.port)
      let targets = ["/files/a", "/files/none", "/files/b", "/healthz"]
      try await socket.send(targets.flatMap { RequestHead.bytes("GET", $0) })
      socket.finish()
      let responses = HTTPResponse.parse(try await socket.receive())
      #expect(responses.map(\.status) == [200, 404, 200, 200])
      #expect(responses.map(\.body).filter { !$0.contains("404") } == ["content of a", "content of b", "ok\n"])
      let metrics = try await Curl.run(["\(server.url)/metrics"]).body
      #expect(metrics.contains("sluice_downloads_total{outcome=\"finished\"} 2\n"))
      #expect(metrics.contains("sluice_download_bytes_total 24\n"))
      #expect(try server.events.allSatisfy { $0.event != "download" })
    }
  }

  @Test func `a client that stops reading is reported as an aborted download`() async throws {
    try await withServer(["--idle-timeout", "1s"]) { server in
      try server.uploads.random(32 << 20, to: "f")
      let reader = try Socket(port: server.port, receiveBuffer: 4096)
      try await reader.send(RequestHead.bytes("GET", "/files/f"))
      #expect(!(try await reader.receiveSome()).isEmpty)
      let event = try #require(try await server.events { $0.event == "download" }.first)
      #expect(event.outcome == "aborted" && event.bytes ?? .max < 32 << 20)
    }
  }
}
