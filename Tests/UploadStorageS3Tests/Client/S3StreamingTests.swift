import NIOCore
import NIOPosix
import Synchronization
import Testing
import UploadTestSupport

@testable import UploadStorageS3

@Suite(.timeLimit(.minutes(30))) struct S3StreamingTests {
  private static let content = String(repeating: "0123456789abcdef", count: 4_096)

  /// A number of bytes.
  private final class Count: Sendable {
    private let bytes = Mutex(0)

    var value: Int { bytes.withLock { $0 } }

    func add(_ count: Int) { bytes.withLock { $0 += count } }
  }

  /// Collects what a client streams.
  private final class Sink: Sendable {
    private let bytes = Mutex<[UInt8]>([])

    var text: String { bytes.withLock { String(decoding: $0, as: UTF8.self) } }

    func add(_ buffer: ByteBuffer) -> EventLoopFuture<Void> {
      bytes.withLock { $0 += buffer.readableBytesView }
      return MultiThreadedEventLoopGroup.singleton.any().makeSucceededVoidFuture()
    }
  }

  /// The part of ``content`` that a request asks for, as a complete response.
  private static func reply(_ request: FakeEngine.Request, headers: String = "ETag: \"t\"\r\n") -> FakeEngine.Reply {
    let text = content
    guard let range = request.head["range"]?.dropFirst(6).split(separator: "-"), let start = Int(range[0]) else {
      return .response("200 OK", headers: headers, body: text)
    }
    let end = range.count > 1 ? (Int(range[1]) ?? 0) + 1 : text.utf8.count
    let part = String(text.dropFirst(start).prefix(end - start))
    return .response(
      "206 Partial Content",
      headers: headers + "Content-Range: bytes \(start)-\(end - 1)/\(text.utf8.count)\r\n",
      body: part
    )
  }

  @Test func `an object, or a range of it, is streamed`() async throws {
    try await FakeEngine.run {
      Self.reply($0)
    } _: { client, log in
      let (whole, part, none) = (Sink(), Sink(), Sink())
      try await client.get("k", range: nil, ifMatch: nil) { whole.add($0) }
      #expect(whole.text == Self.content)
      try await client.get("k", range: 5..<9, ifMatch: "t") { part.add($0) }
      #expect(part.text == "5678")
      try await client.get("k", range: 5..<5, ifMatch: "t") { none.add($0) }
      #expect(none.text.isEmpty)
      #expect(log.requests.map { $0.head["range"] } == [nil, "bytes=5-8"])
      #expect(log.requests[1].head["if-match"] == "\"t\"")
      #expect(log.requests.map(\.connection) == [0, 0])
    }
  }

  @Test func `the rest is asked for after a lost connection, of the same object`() async throws {
    try await FakeEngine.run { request in
      guard request.index < 2 else { return Self.reply(request) }
      // 1,000 bytes, then none.
      let start = request.index * 1_000
      let status = start == 0 ? "200 OK" : "206 Partial Content\r\nContent-Range: bytes \(start)-65535/65536"
      let part = Self.content.dropFirst(start).prefix(1_000)
      return .cut("HTTP/1.1 \(status)\r\nETag: \"t\"\r\nContent-Length: \(65_536 - start)\r\n\r\n\(part)")
    } _: { client, log in
      let sink = Sink()
      try await client.get("k", range: nil, ifMatch: nil) { sink.add($0) }
      #expect(sink.text == Self.content)
      #expect(log.requests.map { $0.head["range"] } == [nil, "bytes=1000-", "bytes=2000-"])
      #expect(log.requests.map { $0.head["if-match"] } == [nil, "\"t\"", "\"t\""])
    }
  }

  @Test func `without a tag the rest is not asked for, as the object may be another`() async throws {
    try await FakeEngine.run { _ in
      .cut("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc")
    } _: { client, log in
      let sink = Sink()
      let failure = await S3Failure.thrown { () async throws(S3Failure) in
        try await client.get("k", range: nil, ifMatch: nil) { sink.add($0) }
      }
      #expect(failure?.kind == .unreachable && sink.text == "abc" && log.requests.count == 1)
    }
  }

  @Test func `an object that has changed or is missing is a failure, whose body is not streamed`() async throws {
    for (reply, kind) in [
      (FakeEngine.Reply.error("412 Precondition Failed", code: "PreconditionFailed"), S3Failure.Kind.conditionFailed),
      (.error("404 Not Found", code: "NoSuchKey"), .noKey),
    ] {
      try await FakeEngine.run { _ in
        reply
      } _: { client, _ in
        let sink = Sink()
        let failure = await S3Failure.thrown { () async throws(S3Failure) in
          try await client.get("k", range: nil, ifMatch: "t") { sink.add($0) }
        }
        #expect(failure?.kind == kind && sink.text.isEmpty)
      }
    }
  }

  @Test func `an engine that ignores the range is a failure`() async throws {
    try await FakeEngine.run { _ in
      .response("200 OK", body: Self.content)
    } _: { client, _ in
      let sink = Sink()
      let failure = await S3Failure.thrown { () async throws(S3Failure) in
        try await client.get("k", range: 5..<9, ifMatch: nil) { sink.add($0) }
      }
      #expect(failure?.kind == .notS3 && sink.text.isEmpty)
    }
  }

  @Test func `no more is read than the receiver takes`() async throws {
    let size = 64 << 20
    let (sent, received) = (Count(), Count())
    let first = MultiThreadedEventLoopGroup.singleton.any().makePromise(of: Void.self)
    try await withServer { peer in
      _ = try peer.readHead()
      try peer.send("HTTP/1.1 200 OK\r\nContent-Length: \(size)\r\n\r\n")
      let chunk = [UInt8](repeating: 7, count: 65_536)
      for _ in 0..<(size / chunk.count) {
        try peer.send(chunk)
        sent.add(chunk.count)
      }
      // As engines do, it keeps the connection.
      _ = try? peer.readHead()
    } _: { server in
      let client = try FakeEngine.client(port: server.port)
      let task = Task {
        await S3Failure.thrown { () async throws(S3Failure) in
          try await client.get("k", range: nil, ifMatch: nil) { bytes in
            received.add(bytes.readableBytes)
            return first.futureResult
          }
        }
      }
      try await eventually("the first bytes") { received.value > 0 }
      // Until the engine cannot send any more: the kernel's buffers are full.
      var last = -1
      while last != sent.value {
        last = sent.value
        try await Task.sleep(for: .milliseconds(200))
      }
      #expect(last < size && received.value < 1 << 20)
      first.succeed()
      #expect(await task.value == nil)
      #expect(received.value == size)
    }
  }

  @Test func `a receiver that fails ends the stream`() async throws {
    struct Gone: Error {}
    try await FakeEngine.run {
      Self.reply($0)
    } _: { client, log in
      let failure = await S3Failure.thrown { () async throws(S3Failure) in
        try await client.get("k", range: nil, ifMatch: nil) { _ in
          MultiThreadedEventLoopGroup.singleton.any().makeFailedFuture(Gone())
        }
      }
      #expect(failure?.kind == .cancelled && log.requests.count == 1)
    }
  }
}
