import NIOCore
import NIOPosix
import Testing
import UploadCore
import UploadTestSupport

@testable import UploadServer

@Suite struct StoppingTests {
  private static var withRawPort: ServerConfiguration {
    var configuration = RunningServer.configuration
    configuration.rawPort = 0
    return configuration
  }

  @Test func `An idle server stops at once and closes its connections`() async throws {
    try await RunningServer.with(Self.withRawPort) { server in
      let rawPort = try #require(server.address.rawPort)
      let (idle, used, raw) = try await (
        WireClient(port: server.port), WireClient(port: server.port), WireClient(port: rawPort)
      )
      try await used.send(request("PUT /a", body: "x"))
      try await used.wait(for: "201 Created")
      await server.stop()
      await server.stop()
      try await server.waitForEnd()
      for client in [idle, used, raw] {
        _ = try await client.responseToEnd()
        try await client.close()
      }
      await #expect(throws: (any Error).self) { try await WireClient(port: server.port) }
    }
  }

  @Test func `After a stop, running HTTP and raw uploads finish, and no new connection is accepted`() async throws {
    try await RunningServer.with(Self.withRawPort) { server in
      let rawPort = try #require(server.address.rawPort)
      let (web, raw) = try await (WireClient(port: server.port), WireClient(port: rawPort))
      try await web.send(request("PUT /a", ["Content-Length: 4"]) + "ab")
      try await raw.send("ab")
      try await eventually("both uploads") { server.ledger.activeCount(.incoming) == 2 }
      await server.stop()
      try await eventually("no new connection") {
        do {
          try await WireClient(port: server.port).close()
          return false
        } catch {
          return true
        }
      }
      try await web.send("cd")
      try await raw.send("cd")
      try await raw.finish()
      #expect(try await raw.responseToEnd().contains(#"{"status":201,"#))
      let response = try await web.responseToEnd()
      #expect(response.contains("201 Created") && response.lowercased().contains("connection: close"))
      try await web.close()
      try await raw.close()
      try await server.waitForEnd()
      #expect(try server.place.names().count == 2)
    }
  }

  @Test func `After the grace period a running upload gets 503, nothing is stored, and the server ends`() async throws {
    var configuration = RunningServer.configuration
    configuration.limits.grace = .milliseconds(50)
    try await RunningServer.with(configuration) { server in
      let client = try await WireClient(port: server.port)
      try await client.send(request("PUT /a", ["Content-Length: 4"]) + "ab")
      try await eventually("the upload") { server.ledger.activeCount(.incoming) == 1 }
      await server.stop()
      #expect(try await client.responseToEnd().contains(#"{"status":503,"#))
      try await client.close()
      try await server.waitForEnd()
      #expect(try server.place.names() == [])
    }
  }

  /// With one of these sizes the download's end is partly in the sockets' buffers and partly in SwiftNIO's.
  @Test(arguments: [4, 5, 6, 7, 8, 24].map { $0 << 20 })
  func `a running download is completed when the server is stopped`(size: Int) async throws {
    try await RunningServer.with { server in
      let bytes = SplitMix64.bytes(size)
      try server.place.write(bytes, to: "big")
      let client = try await WireClient(port: server.port)
      try await client.pause()
      try await client.send(request("GET /files/big"))
      client.readOnce()
      try await client.wait(for: "200 OK")
      await server.stop()
      try await client.resume()
      try await eventually("the server's end of the connection") { client.hasEnded }
      let received = client.received
      #expect(received.count > bytes.count)
      // As a Boolean: Swift Testing needs minutes to describe the difference of two arrays of this size.
      let isWhole = Array(received.suffix(bytes.count)) == bytes
      #expect(isWhole)
      try await client.close()
    }
  }

  @Test func `A server that is stopped before it runs returns without reporting that it listens`() async throws {
    try await withTemporaryDirectory { place in
      let parts = try RunningServer.Parts(place)
      let server = parts.server(Self.withRawPort)
      await server.stop()
      let (heard, continuation) = AsyncStream.makeStream(of: ServerAddress.self)
      try await server.run { continuation.yield($0) }
      continuation.finish()
      #expect(await heard.first { _ in true } == nil)
      try await parts.shutDown()
    }
  }

  @Test func `Starting and stopping leaves no descriptor open and writes nothing to standard error`() async throws {
    let result = try await #require(
      processExitsWith: .success,
      observing: [\.standardErrorContent, \.standardOutputContent]
    ) {
      func descriptors() -> Int { DirectoryNames.read("/proc/self/fd").count }
      try await withTemporaryDirectory { place in
        var before = 0
        for round in 0...20 {
          let parts = try RunningServer.Parts(place)
          var configuration = RunningServer.configuration
          configuration.rawPort = 0
          let server = try await RunningServer.start(configuration, parts)
          let client = try await WireClient(port: server.port)
          try await client.send(request("PUT /a", body: "x"))
          try await client.wait(for: "201 Created")
          await server.stop()
          try await server.waitForEnd()
          _ = try await client.responseToEnd()
          try await client.close()
          try await parts.shutDown()
          if round == 0 { before = descriptors() }
        }
        // Descriptors that the first round opens for the whole process, such as those of event loops, are no leak.
        try await eventually("as few descriptors as after one round (\(before))") { descriptors() <= before }
      }
    }
    let said = String(decoding: result.standardErrorContent, as: UTF8.self)
    #expect(said == "")
  }
}
