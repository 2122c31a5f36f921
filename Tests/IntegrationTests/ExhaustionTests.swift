import Foundation
import Testing
import UploadTestSupport

/// Descriptors run out, and come back.
@Suite(.curl, .bash) struct ExhaustionTests {
  @Test(arguments: [false, true]) func whenDescriptorsRunOutItGoesOnAfterwards(raw: Bool) async throws {
    // The directory's place is the first argument of the prefix; `exec "$@"` leaves it to the shell.
    let prefix = ["bash", "-c", #"ulimit -Sn 64 && ulimit -Hn 64 && exec "$@""#]
    try await withServer(["--raw-port", "0"], prefix: prefix) { server in
      try await exhaust(raw ? server.rawPort : server.port)
      let reply = try await Curl.run(["-T", try server.scratch.random(2_000_000, to: "f"), "\(server.url)/f"])
      #expect(reply.isStored("f", size: 2_000_000), "\(reply)")
      let socket = try Socket(port: server.rawPort)
      try await socket.send("abc")
      socket.finish()
      #expect(try Answer(String(decoding: try await socket.receive(), as: UTF8.self)).status == 201)
    }
  }

  /// Opens more connections than the server can have descriptors, and lets go of them.
  private func exhaust(_ port: Int) async throws {
    var sockets: [Socket] = []
    for _ in 0..<100 { sockets.append(try Socket(port: port)) }
    for socket in sockets.prefix(20) { try? await socket.send("P") }
    try await Task.sleep(for: .milliseconds(500))
    sockets.removeAll()
  }

  @Test func oneUploadsMisfortuneIsNotAnothers() async throws {
    try await withServer(["--max-size", "2MB"]) { server in
      let good = try Socket(port: server.port)
      try await good.send(RequestHead.bytes("PUT", "/good", ["Content-Length: 6"]) + [1, 2, 3])
      try await server.events { $0.event == "started" }
      // Too large, broken, cut and reset, all while the good one waits.
      let large = try server.scratch.random(5_000_000, to: "large")
      #expect(try await Curl.run(["-H", "Transfer-Encoding: chunked", "-T", large, "\(server.url)/l"]).isRefusal(413))
      for bytes in [
        "PUT /b HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nXX\r\n", "\u{0}\u{0}\r\n\r\n",
      ] {
        let socket = try Socket(port: server.port)
        try await socket.send(bytes)
        #expect(try await socket.receiveAnswers().first?.status == 400)
      }
      do {
        let socket = try Socket(port: server.port)
        try await socket.send(RequestHead.bytes("PUT", "/r", ["Content-Length: 900000"]) + [9])
        try await server.events { $0.event == "started" && $0.name == "r" }
        socket.resetOnClose()
      }
      try await server.events { $0.event == "failed" && $0.error?.code == "clientGone" }
      try await good.send([4, 5, 6])
      #expect(try await good.receiveAnswers().first?.status == 201)
      #expect(try server.uploads.read("good") == [1, 2, 3, 4, 5, 6])
      #expect(try server.uploads.names() == ["good"])
    }
  }
}
