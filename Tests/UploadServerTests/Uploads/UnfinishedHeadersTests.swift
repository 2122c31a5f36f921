import NIOEmbedded
import Synchronization
import Testing
import UploadCore

@testable import UploadServer

@Suite struct UnfinishedHeadersTests {
  /// Collects the numbers of evicted headers.
  private final class Evicted: Sendable {
    let numbers = Mutex<[Int]>([])

    func add(_ number: Int) -> @Sendable () -> Void {
      { self.numbers.withLock { $0.append(number) } }
    }

    var all: [Int] { numbers.withLock { $0 } }
  }

  @Test func `above the limit the oldest headers are evicted, no more than necessary`() {
    let headers = UnfinishedHeaders(limit: 200)
    let evicted = Evicted()
    let first = headers.add(40, evict: evicted.add(1))
    _ = headers.add(40, evict: evicted.add(2))
    let third = headers.add(20, evict: evicted.add(3))
    #expect(headers.bytes == 200, "each byte counts twice")
    #expect(evicted.all == [])
    headers.set(21, of: third)
    #expect(evicted.all == [1])
    headers.remove(first)
    #expect(headers.bytes == 122)
    _ = headers.add(100, evict: evicted.add(4))
    #expect(evicted.all == [1, 2, 3])
    #expect(headers.bytes == 200)
    headers.set(101, of: third)
    #expect(headers.bytes == 200, "evicted headers no longer count")
  }

  @Test func `headers that alone exceed the limit are evicted`() {
    let headers = UnfinishedHeaders(limit: 200)
    let evicted = Evicted()
    _ = headers.add(101, evict: evicted.add(1))
    #expect(evicted.all == [1])
    #expect(headers.bytes == 0)
  }

  @Test func `removed entries are forgotten while an older one remains`() {
    let headers = UnfinishedHeaders(limit: 200)
    let evicted = Evicted()
    let oldest = headers.add(1, evict: evicted.add(0))
    for number in 1...10_000 { headers.remove(headers.add(1, evict: evicted.add(number))) }
    #expect(headers.remembered < 200)
    #expect(headers.bytes == 2)
    headers.set(101, of: oldest)
    #expect(evicted.all == [0])
  }

  // MARK: Through the handler

  @Test func `headers count until they are complete, and not on a connection that has presented the token`()
    async throws
  {
    var rules = AccessRules()
    rules.token = try AccessToken("secret-token-1")
    try await withHandler(access: AccessGate(rules)) { harness in
      let headers = harness.server.unfinishedHeaders
      try harness.send("GET /files/ HTTP/1.1\r\n")
      #expect(headers.bytes == 2 * 22)
      try harness.send("Host: localhost\r\n")
      #expect(headers.bytes == 2 * 39)
      try harness.send("\r\n")
      #expect(headers.bytes == 0)
      #expect(try harness.statuses() == [401])
      try harness.send("GET /files/?token=secret-token-1 HTTP/1.1\r\n")
      #expect(headers.bytes > 0)
      try harness.send("Host: localhost\r\n\r\n")
      try harness.send("GET / HTTP/1.1\r\n")
      #expect(headers.bytes == 0, "the connection has presented the token")
    }
  }

  @Test func `incomplete headers after a complete request in the same read count as well`() async throws {
    try await withHandler { harness in
      let field = "X-A: \(String(repeating: "a", count: 15_000))\r\n"
      let unfinished = "GET / HTTP/1.1\r\n" + field + field + field
      try harness.send(request("GET /1") + unfinished)
      #expect(harness.server.unfinishedHeaders.bytes > 2 * (unfinished.utf8.count - 4096))
      harness.disconnect()
      #expect(harness.server.unfinishedHeaders.bytes == 0)
    }
  }

  @Test func `an evicted connection gets 431 and is closed`() async throws {
    try await withHandler { harness in
      try harness.send("GET / HTTP/1.1\r\nHost: local")
      let others = harness.server.unfinishedHeaders.add(UnfinishedHeaders.limit / 2) {}
      harness.channel.embeddedEventLoop.run()
      let response = try harness.received()
      #expect(response.hasPrefix("HTTP/1.1 431 Request Header Fields Too Large\r\n"))
      #expect(response.contains(#"{"status":431,"msg":"Unfinished request headers of all clients exceed 64.0 MiB."#))
      #expect(!harness.isOpen, "the decoder's memory is released")
      harness.server.unfinishedHeaders.remove(others)
      #expect(harness.server.unfinishedHeaders.bytes == 0)
    }
  }

  @Test func `a request whose headers are completed before the eviction arrives is served`() async throws {
    try await withHandler { harness in
      try harness.send("GET /a HTTP/1.1\r\nHost: localhost\r\n")
      let others = harness.server.unfinishedHeaders.add(UnfinishedHeaders.limit / 2) {}
      try harness.send("\r\n")
      #expect(try harness.statuses() == [200])
      #expect(harness.isOpen)
      harness.server.unfinishedHeaders.remove(others)
    }
  }
}
