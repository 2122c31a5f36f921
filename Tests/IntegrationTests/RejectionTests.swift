import Foundation
import Testing
import UploadTestSupport

/// Rejected requests in the output of `serve`, and what a client that guesses gets.
@Suite(.curl) struct RejectionTests {
  private static let token = "a-token-of-ours"

  @Test
  func `rejected requests are events without tokens, and the first of identical ones is reported alone`() async throws {
    let options = ["--max-size", "1kB", "--deny-type", "image/*", "--token", Self.token]
    try await withServer(options) { server in
      let path = try server.scratch.random(2000, to: "f")
      let proof = ["-u", ":\(Self.token)"]
      for _ in 0..<50 { #expect(try await Curl.run(["\(server.url)/files/?x=y"]).status == 401) }
      #expect(try await Curl.run(["-T", path, "\(server.url)/%3Ftoken=my-guess?token=my-guess"]).isRejection(401))
      #expect(try await Curl.run(proof + ["-T", path, "\(server.url)/large?token=\(Self.token)"]).isRejection(413))
      let image = ["-H", "Content-Type: image/png", "-d", "x", "\(server.url)/stream-upload"]
      #expect(try await Curl.run(proof + image).isRejection(415))
      #expect(try await Curl.run(proof + ["\(server.url)/files/missing"]).status == 404)
      let events = try await server.events(4) { $0.event == "rejected" }
      let rows = events.map { "\($0.client ?? "-") \($0.method ?? "-") \($0.path ?? "-") \($0.status ?? 0)" }
      #expect(
        Set(rows) == [
          "127.0.0.1 GET /files/ 401", "127.0.0.1 PUT /[redacted] 401", "127.0.0.1 PUT /large 413",
          "127.0.0.1 POST /stream-upload 415",
        ]
      )
      for event in events {
        #expect(event.time?.moment?.wholeMatch(of: /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ/) != nil)
        #expect(event.reason?.isEmpty == false && event.reason != "[redacted]", "\(event)")
      }
      #expect(events.first?.count == 1, "the first is reported at once")
      #expect(!server.process.output.contains(Self.token) && !server.process.output.contains("my-guess"))
    }
  }

  @Test func `without --json each rejected request is an output line`() async throws {
    try await withTemporaryDirectory { directory in
      let server = try Sluice.start(["serve", "--port", "0", "--max-size", "1kB", "--dir", directory.file("up")])
      defer { server.signal(SIGKILL) }
      let listening = try await server.line { $0.contains("listening on ") }
      let url = try #require(listening.firstMatch(of: /http:\/\/127\.0\.0\.1:\d+/)?.output)
      let path = try directory.write([UInt8](repeating: 1, count: 2000), to: "f")
      #expect(try await Curl.run(["-T", path, "\(url)/a"]).isRejection(413))
      let line = try await server.line { $0.contains("rejected ") }
      #expect(line.contains("rejected PUT /a from 127.0.0.1 with 413: File too large"))
    }
  }

  @Test func `after ten wrong tokens a client gets 429 with Retry-After, even with the right one`() async throws {
    try await withServer(["--token", Self.token]) { server in
      let url = "\(server.url)/files/"
      for number in 0..<10 { #expect(try await Curl.run(["-u", ":wrong-token-\(number)", url]).status == 401) }
      let blocked = try await Curl.run(["--verbose", "-u", ":\(Self.token)", url])
      #expect(blocked.isRejection(429), "\(blocked)")
      let seconds = blocked.errors.firstMatch(of: /< Retry-After: (\d+)/).flatMap { Int($0.output.1) }
      #expect((1...60).contains(seconds ?? 0), "\(blocked)")
      #expect(try await Curl.run(["\(server.url)/healthz"]).status == 200)
      try await server.events { $0.event == "rejected" && $0.status == 429 }
    }
  }

  @Test func `when unfinished headers exceed their memory limit the oldest get 431`() async throws {
    try await withServer { server in
      let field = "X-A: \(String(repeating: "a", count: 15_000))\r\n"
      let head = Array("GET / HTTP/1.1\r\nHost: localhost\r\n\(field)\(field)\(field)\(field)".utf8)
      // Twice as many as the limit allows, since each byte counts twice.
      let sockets = try await (0..<1100).asyncMap { _ in
        let socket = try Socket(port: server.port)
        try await socket.send(head)
        return socket
      }
      let first = try await sockets[0].receiveResponses().first
      #expect(first?.status == 431)
      try await server.events { $0.event == "rejected" && $0.status == 431 }
      let last = try #require(sockets.last)
      try await last.send("\r\n")
      #expect(try await last.receiveResponses().first?.status == 200, "the latest are not evicted")
    }
  }
}

extension Sequence {
  /// One after the other.
  fileprivate func asyncMap<Result>(_ transform: (Element) async throws -> Result) async throws -> [Result] {
    var results: [Result] = []
    for element in self { results.append(try await transform(element)) }
    return results
  }
}
