import Testing
import UploadTestSupport

/// Many uploads that hardly move, beside one that does.
@Suite(.curl) struct SlowUploadTests {
  @Test func `400 slow uploads leave enough of a small memory budget for a fast one`() async throws {
    try await withServer(["--memory-budget", "4MiB", "--interval", "50ms"]) { server in
      let path = try server.scratch.random(64 << 20, to: "source")
      var slow: [Socket] = []
      for number in 0..<400 {
        let socket = try Socket(port: server.port)
        try await socket.send(RequestHead.bytes("PUT", "/slow-\(number)", ["Content-Length: 10000000"]))
        try await socket.send([UInt8](repeating: 1, count: 65_536))
        slow.append(socket)
      }
      let sockets = slow
      let trickle = Task {
        while !Task.isCancelled {
          for socket in sockets { try await socket.send([UInt8](repeating: 2, count: 500)) }
          try await Task.sleep(for: .milliseconds(100))
        }
      }
      defer { trickle.cancel() }
      try await server.events(400) { $0.event == "started" }
      // It stored nothing in a minute when slow uploads kept what they had.
      let reply = try await Curl.run(["--max-time", "60", "-T", path, "\(server.url)/fast"])
      #expect(reply.isStored("fast", size: 64 << 20), "\(reply)")
      try server.expect("fast", equals: path)
    }
  }
}
