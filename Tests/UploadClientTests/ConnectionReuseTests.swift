import Glibc
import NIOCore
import NIOHTTP1
import Synchronization
import Testing
import UploadCore
import UploadTestSupport

@testable import UploadClient

/// Uploads one after the other by one uploader.
@Suite(.timeLimit(.minutes(30))) struct ConnectionReuseTests {
  private static let kept = "HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n"

  /// Sends files of these sizes, each when the one before has ended and `between` returns.
  /// - Parameter script: gets the number of the connection, from 1.
  private func send(
    _ sizes: [Int],
    configure: (inout UploadClientConfiguration) -> Void = { _ in },
    between: @Sendable () async throws -> Void = {},
    script: @escaping @Sendable (Int, Peer) throws -> Void
  ) async throws -> (meters: [UploadMeter], connections: Int) {
    var uploads = TestUploads(continueTimeout: .milliseconds(50))
    configure(&uploads.configuration)
    let configured = uploads
    let connections = Mutex(0)
    return try await withTemporaryDirectory { directory in
      try await withServer { peer in
        let number = connections.withLock { count in
          count += 1
          return count
        }
        try script(number, peer)
      } _: { server in
        // Released before the server waits for its connections: they are closed with it.
        let uploader = configured.uploader
        var meters: [UploadMeter] = []
        for (index, size) in sizes.enumerated() {
          if index > 0 { try await between() }
          let path = try directory.write([UInt8](repeating: UInt8(index), count: size), to: "f\(index)")
          meters.append(await uploader.send(.file(path), to: try SendTarget(server.url), mode: .stream))
        }
        return (meters, connections.withLock { $0 })
      }
    }
  }

  /// Reads requests and accepts them until the client closes the connection.
  private static func accept(_ peer: Peer, _ response: String = kept, most: Int = .max) throws {
    var count = 0
    while count < most, let request = try? peer.readHead() {
      _ = try peer.readBody(of: request)
      try peer.send(response)
      count += 1
    }
  }

  @Test func `uploads in succession use one connection`() async throws {
    let sent = try await send([0, 10, 100_000, 1]) { _, peer in try Self.accept(peer) }
    #expect(sent.meters.allSatisfy { $0.finished != nil })
    #expect(sent.connections == 1)
  }

  @Test(arguments: [
    "HTTP/1.1 201 Created\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
    "HTTP/1.0 201 Created\r\nContent-Length: 0\r\n\r\n", "HTTP/1.1 201 Created\r\nConnection: close\r\n\r\n",
    "HTTP/1.1 201 Created\r\nContent-Length: 0\r\nKeep-Alive: timeout=1\r\n\r\n",
  ])
  func `a server that keeps no connection gets a new one each time`(response: String) async throws {
    let sent = try await send([1, 2, 3]) { _, peer in try Self.accept(peer, response, most: 1) }
    #expect(sent.meters.allSatisfy { $0.finished != nil })
    #expect(sent.connections == 3)
  }

  @Test(arguments: ["", "HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\nConnection: close\r\n\r\n", "x"])
  func `a connection that the server closes while it is idle is not used`(farewell: String) async throws {
    let closed = Mutex(0)
    let ended = Mutex(0)
    let sent = try await send(
      [1, 2, 3],
      between: {
        let count = ended.withLock { count in
          count += 1
          return count
        }
        try await eventually("the server to close") { closed.withLock { $0 } == count }
      }
    ) { _, peer in
      try Self.accept(peer, most: 1)
      try? peer.send(farewell)
      peer.close()
      closed.withLock { $0 += 1 }
    }
    #expect(sent.meters.allSatisfy { $0.finished != nil })
    #expect(sent.connections == 3)
  }

  @Test func `bytes behind a response end the connection, not the upload`() async throws {
    let sent = try await send([1, 2]) { _, peer in try Self.accept(peer, Self.kept + Self.kept, most: 1) }
    #expect(sent.meters.allSatisfy { $0.finished != nil })
    #expect(sent.connections == 2)
  }

  @Test func `408 for a request on a connection that was idle repeats it at once`() async throws {
    let sent = try await send([1, 2]) { number, peer in
      try Self.accept(peer, most: 1)
      guard number == 1, let request = try? peer.readHead() else { return }
      _ = try peer.readBody(of: request)
      try peer.respond("408 Request Timeout")
    }
    #expect(sent.meters.allSatisfy { $0.finished != nil })
    #expect(sent.connections == 2)
  }

  @Test func `an upload whose body the server cannot have is sent again at once`() async throws {
    let sent = try await send([1, 24_000_000]) { number, peer in
      try Self.accept(peer, most: 1)
      guard number == 1 else { return }
      _ = try peer.readHead()
      try peer.send("HTTP/1.1 100 Continue\r\n\r\n")
      _ = try peer.read(100_000)
      peer.reset()
    }
    #expect(sent.meters.allSatisfy { $0.finished != nil && $0.retry.attempt == 1 })
    #expect(sent.meters.last?.received == 24_000_000)
    #expect(sent.connections == 2)
  }

  @Test func `an upload whose body the server may have is not sent again`() async throws {
    let sent = try await send([1, 2]) { _, peer in
      try Self.accept(peer, most: 1)
      guard let request = try? peer.readHead() else { return }
      _ = try peer.readBody(of: request)
    }
    #expect(sent.meters.map { $0.error?.code } == [nil, .connectionLost])
    #expect(sent.connections == 1)
  }

  @Test func `a rejection before the body is sent closes the connection`() async throws {
    let sent = try await send([2_000_000, 1], configure: { $0.continueTimeout = .seconds(600) }) { number, peer in
      if number == 2 { return try Self.accept(peer) }
      _ = try peer.readHead()
      try peer.send("HTTP/1.1 507 Insufficient Storage\r\nContent-Length: 0\r\n\r\n")
      peer.drain()
    }
    #expect(sent.meters.map { $0.error?.code } == [.refusedByServer, nil])
    #expect(sent.connections == 2)
  }

  @Test func `a server that ignores Expect is not asked again`() async throws {
    let expectations = Mutex<[String?]>([])
    let sent = try await send([2_000_000, 2_000_000]) { _, peer in
      while let request = try? peer.readHead() {
        expectations.withLock { $0.append(request["Expect"]) }
        _ = try peer.readBody(of: request)
        try peer.send(Self.kept)
      }
    }
    #expect(sent.meters.allSatisfy { $0.finished != nil })
    #expect(expectations.withLock { $0 } == ["100-continue", nil])
  }

  @Test func `a server that responds to Expect is asked each time`() async throws {
    let expectations = Mutex<[String?]>([])
    let sent = try await send([2_000_000, 2_000_000], configure: { $0.continueTimeout = .seconds(600) }) { _, peer in
      while let request = try? peer.readHead() {
        expectations.withLock { $0.append(request["Expect"]) }
        try peer.send("HTTP/1.1 100 Continue\r\n\r\n")
        _ = try peer.readBody(of: request)
        try peer.send(Self.kept)
      }
    }
    #expect(sent.meters.allSatisfy { $0.finished != nil })
    #expect(expectations.withLock { $0 } == ["100-continue", "100-continue"])
  }
}
