import NIOCore
import NIOPosix
import Testing
import UploadCore
import UploadStorage
import UploadTestSupport

@testable import UploadServer

/// Downloads from a real server over loopback.
@Suite struct DownloadTests {
  private static let content = Array("0123456789".utf8)

  /// Runs `body` with a server whose store has no disk and gives the content of its file `a` in buffers of three bytes.
  /// - Parameter size: the size that the store states; nil for that of the content.
  private func withStream(size: UInt64? = nil, _ body: (RunningServer) async throws -> Void) async throws {
    let store = MemoryStore(eventLoop: MultiThreadedEventLoopGroup.singleton.next())
    store.add("a", Self.content, bufferSize: 3, size: size)
    try await RunningServer.with(store: store, body)
  }

  @Test(
    arguments: [(nil, 200, "0123456789"), ("bytes=2-8", 206, "2345678"), ("bytes=-1", 206, "9")]
      as [(String?, Int, String)]
  )
  func `the requested bytes of a store without a disk are sent in their order`(
    range: String?,
    status: Int,
    expected: String
  ) async throws {
    try await withStream { server in
      let fields = ["Connection: close"] + (range.map { ["Range: \($0)"] } ?? [])
      let response = try await WireClient.exchange(request("GET /files/a", fields), port: server.port)
      #expect(response.hasPrefix("HTTP/1.1 \(status) "))
      #expect(response.contains("\r\nContent-Length: \(expected.utf8.count)\r\n"))
      #expect(response.hasSuffix("\r\n\r\n" + expected), "\(response)")
      #expect(server.ledger.downloads.totals == DownloadTotals(finished: 1, bytes: UInt64(expected.utf8.count)))
    }
  }

  @Test(arguments: [(20, "0123456789"), (5, "012")] as [(UInt64, String)])
  func `the connection is closed when a file is shorter or longer than announced`(
    announced: UInt64,
    expected: String
  ) async throws {
    try await withStream(size: announced) { server in
      // Returns only once the server has closed the connection.
      let response = try await WireClient.exchange(request("GET /files/a"), port: server.port)
      #expect(response.contains("\r\nContent-Length: \(announced)\r\n"))
      #expect(response.hasSuffix("\r\n\r\n" + expected), "\(response)")
      #expect(server.ledger.downloads.totals.aborted == 1)
    }
  }

  @Test(arguments: [0, 1, 65_536, 65_537, 524_288, 524_289, 5 << 20])
  func `files of every size arrive complete, one after the other on one connection`(size: Int) async throws {
    try await RunningServer.with { server in
      let bytes = SplitMix64.bytes(size)
      try server.place.write(bytes, to: "f")
      let client = try await WireClient(port: server.port)
      try await client.send(request("GET /files/f") + request("GET /files/f", ["Connection: close"]))
      try await eventually("the server's end of the connection") { client.hasEnded }
      let received = client.received
      let head = try #require(received.firstRange(of: Array("\r\n\r\n".utf8))?.upperBound)
      let isFirst = Array(received[head...].prefix(size)) == bytes
      let isSecond = Array(received.suffix(size)) == bytes
      #expect(isFirst && isSecond)
      #expect(received.count == 2 * (head + size) + "Connection: close\r\n".utf8.count)
      let totals = server.ledger.downloads.totals
      #expect(totals == DownloadTotals(finished: 2, bytes: UInt64(2 * size)))
      try await client.close()
    }
  }

  @Test func `a file that is replaced while it is sent is sent to its end as it was`() async throws {
    try await RunningServer.with { server in
      let bytes = SplitMix64.bytes(24 << 20)
      try server.place.write(bytes, to: "f")
      let client = try await WireClient(port: server.port)
      try await client.pause()
      try await client.send(request("GET /files/f", ["Connection: close"]))
      client.readOnce()
      try await client.wait(for: "200 OK")
      try FileTree.rename(server.place.write([1], to: "other"), to: server.place.file("f"))
      try await client.resume()
      try await eventually("the server's end of the connection") { client.hasEnded }
      let isWhole = Array(client.received.suffix(bytes.count)) == bytes
      #expect(isWhole)
      try await client.close()
    }
  }

  @Test func `the connection is closed when a file is truncated while it is sent`() async throws {
    try await RunningServer.with { server in
      let size = 24 << 20
      try server.place.write(SplitMix64.bytes(size), to: "f")
      let client = try await WireClient(port: server.port)
      try await client.pause()
      try await client.send(request("GET /files/f"))
      client.readOnce()
      try await client.wait(for: "200 OK")
      try server.place.write([], to: "f")
      try await client.resume()
      try await eventually("the server's end of the connection") { client.hasEnded }
      #expect(client.received.count < size)
      #expect(server.ledger.downloads.totals.aborted == 1)
      try await client.close()
    }
  }

  @Test func `a client that closes the connection aborts its download, and the file is closed`() async throws {
    try await RunningServer.with { server in
      try server.place.write(SplitMix64.bytes(24 << 20), to: "f")
      let client = try await WireClient(port: server.port)
      try await client.pause()
      try await client.send(request("GET /files/f"))
      client.readOnce()
      try await client.wait(for: "200 OK")
      #expect(server.ledger.downloads.totals.active == 1)
      try await client.reset()
      try await eventually("the end of the download") { server.ledger.downloads.totals.aborted == 1 }
      #expect(server.ledger.downloads.totals.active == 0)
    }
  }

  @Test func `a client that has closed its sending side receives the whole file`() async throws {
    try await RunningServer.with { server in
      let bytes = SplitMix64.bytes(5 << 20)
      try server.place.write(bytes, to: "f")
      let client = try await WireClient(port: server.port)
      try await client.send(request("GET /files/f"))
      try await client.finish()
      try await eventually("the server's end of the connection") { client.hasEnded }
      let isWhole = Array(client.received.suffix(bytes.count)) == bytes
      #expect(isWhole)
      try await client.close()
    }
  }

  @Test func `after the grace period of a server that stops, a running download is aborted`() async throws {
    var configuration = RunningServer.configuration
    configuration.limits.grace = .milliseconds(50)
    try await RunningServer.with(configuration) { server in
      try server.place.write(SplitMix64.bytes(24 << 20), to: "f")
      let client = try await WireClient(port: server.port)
      try await client.pause()
      try await client.send(request("GET /files/f"))
      client.readOnce()
      try await client.wait(for: "200 OK")
      await server.stop()
      try await eventually("the end of the download") { server.ledger.downloads.totals.aborted == 1 }
      try await client.close()
    }
  }
}
