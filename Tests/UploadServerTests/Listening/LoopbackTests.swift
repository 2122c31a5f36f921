import Testing
import UploadCore
import UploadStorage
import UploadTestSupport

@testable import UploadServer

/// Behaviour that needs a real socket: FIN, RST, and what SwiftNIO makes of them.
@Suite struct LoopbackTests {
  @Test func `A client that sends FIN right after a request receives the response`() async throws {
    try await RunningServer.with { server in
      for text in [request("PUT /a", body: "x"), request("GET /healthz"), FormText.post(FormText.file("f", "y"))] {
        let client = try await WireClient(port: server.port)
        try await client.send(text)
        try await client.finish()
        let response = try await client.responseToEnd()
        #expect(response.hasPrefix("HTTP/1.1 20"))
        try await client.close()
      }
      #expect(try server.place.names() == ["a", "f"])
    }
  }

  @Test func `All requests pipelined before FIN get a response`() async throws {
    try await RunningServer.with { server in
      let client = try await WireClient(port: server.port)
      let get = request("GET /healthz")
      try await client.send(get + request("PUT /a", body: "x") + get + request("PUT /b", body: "y") + get)
      try await client.finish()
      let response = try await client.responseToEnd()
      #expect(response.split(separator: "HTTP/1.1 ").map { $0.prefix(3) } == ["200", "201", "200", "201", "200"])
      try await client.close()
      #expect(try server.place.names() == ["a", "b"])
    }
  }

  @Test(arguments: ["Content-Length: 1000000", "Transfer-Encoding: chunked"])
  func `FIN in the middle of a body gets 400, and nothing is stored`(length: String) async throws {
    try await RunningServer.with { server in
      let client = try await WireClient(port: server.port)
      try await client.send(request("PUT /a", [length]) + "10\r\n0123456789abcdef\r\n")
      try await client.finish()
      #expect(try await client.responseToEnd().contains(#"{"status":400,"#))
      try await client.close()
      try await eventually("the upload's end") { server.ledger.totals(.incoming).failed == 1 }
      #expect(try server.place.names() == [])
    }
  }

  @Test func `RST in the middle of a body releases memory and stores nothing`() async throws {
    try await RunningServer.with { server in
      let client = try await WireClient(port: server.port)
      try await client.send(request("PUT /a", ["Content-Length: 100000000"]))
      try await client.send(SplitMix64.bytes(2_000_000))
      try await eventually("some bytes stored") { server.ledger.active().contains { $0.stored > 0 } }
      try await client.reset()
      try await eventually("the upload's end") { server.ledger.totals(.incoming).failed == 1 }
      try await eventually("the budget at 0") { server.budget.use.used == 0 }
      #expect(try server.place.names() == [])
    }
  }

  @Test func `The 413 for a large body reaches a client that sends all of it`() async throws {
    var configuration = RunningServer.configuration
    configuration.limits.maxSize = 1000
    try await RunningServer.with(configuration) { server in
      let client = try await WireClient(port: server.port)
      try await client.send(request("PUT /a", ["Content-Length: 30000000"]))
      // In one write: the server reads a rejected body only for a limited time, and tests share the CPUs.
      try await client.send(SplitMix64.bytes(30_000_000))
      let response = try await client.responseToEnd()
      #expect(response.contains(#"{"status":413,"#))
      try await client.close()
    }
  }

  @Test func `Bytes on the raw port until FIN are stored; FIN alone gets 400, and RST stores nothing`() async throws {
    var configuration = RunningServer.configuration
    configuration.rawPort = 0
    try await RunningServer.with(configuration) { server in
      let port = try #require(server.address.rawPort)
      let bytes = SplitMix64.bytes(3_000_000)
      let client = try await WireClient(port: port)
      try await client.send(bytes)
      try await client.finish()
      #expect(try await client.responseToEnd().hasPrefix(#"{"status":201,"#))
      try await client.close()
      let name = try #require(server.place.names().first)
      #expect(try server.place.read(name) == bytes)

      let empty = try await WireClient(port: port)
      try await empty.finish()
      #expect(try await empty.responseToEnd().hasPrefix(#"{"status":400,"#))
      try await empty.close()

      let broken = try await WireClient(port: port)
      try await broken.send(SplitMix64.bytes(200_000))
      try await eventually("the upload") { server.ledger.activeCount(.incoming) == 1 }
      try await broken.reset()
      try await eventually("the upload's end") { server.ledger.totals(.incoming).failed == 1 }
      #expect(try server.place.names() == [name])
    }
  }
}
