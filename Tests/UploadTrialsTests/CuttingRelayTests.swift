import Glibc
import Testing
import UploadCore
import UploadTestSupport

@testable import UploadTrials

@Suite struct CuttingRelayTests {
  @Test func `without cuts both directions and the end of each pass through the relay`() throws {
    let server = try RelayPeer.listening()
    let relay = try CuttingRelay(to: server.url, CutPlan(at: []))
    let client = try RelayPeer.connecting(to: relay.port)
    #expect(client.send([1, 2, 3]))
    client.endSending()
    let accepted = try server.accepted()
    #expect(accepted.received() == Received([1, 2, 3], .end))
    #expect(accepted.send([4, 5]))
    accepted.endSending()
    #expect(client.received() == Received([4, 5], .end))
    #expect(relay.forwarded == 3 && relay.cuts == 0)
  }

  @Test func `the first connection is reset and the second one ended, each after exactly the planned bytes`() throws {
    let server = try RelayPeer.listening()
    let relay = try CuttingRelay(to: server.url, CutPlan(at: [1_000, 2_500]))
    for (number, (bytes, ending)) in [(1_000, Received.Ending.reset), (1_500, .end)].enumerated() {
      let client = try RelayPeer.connecting(to: relay.port)
      #expect(client.send([UInt8](repeating: UInt8(number), count: bytes + 1)))
      let accepted = try server.accepted()
      #expect(accepted.received() == Received([UInt8](repeating: UInt8(number), count: bytes), ending))
      #expect(client.received() == Received([], ending))
    }
    #expect(relay.cuts == 2 && relay.forwarded == 2_500)
    let last = try RelayPeer.connecting(to: relay.port)
    #expect(last.send([7]))
    last.endSending()
    #expect(try server.accepted().received() == Received([7], .end))
    #expect(relay.cuts == 2 && relay.forwarded == 2_501)
  }

  @Test func `a connection that ends at the planned byte is not cut, but the next one is`() throws {
    let server = try RelayPeer.listening()
    let relay = try CuttingRelay(to: server.url, CutPlan(at: [3]))
    let first = try RelayPeer.connecting(to: relay.port)
    #expect(first.send([1, 2, 3]))
    first.endSending()
    #expect(try server.accepted().received() == Received([1, 2, 3], .end))
    #expect(relay.cuts == 0)
    let second = try RelayPeer.connecting(to: relay.port)
    #expect(second.send([4]))
    #expect(second.received() == Received([], .reset))
    #expect(relay.cuts == 1 && relay.forwarded == 3)
  }

  @Test func `a server that cannot be reached resets the client's connection`() throws {
    let port = try HeldPort()
    let relay = try CuttingRelay(to: "http://127.0.0.1:\(port.number)", CutPlan(at: []))
    let client = try RelayPeer.connecting(to: relay.port)
    #expect(client.received() == Received([], .reset))
  }

  @Test func `a relay that is released closes its connections`() throws {
    let server = try RelayPeer.listening()
    var relay: CuttingRelay? = try CuttingRelay(to: server.url, CutPlan(at: []))
    let client = try RelayPeer.connecting(to: try #require(relay?.port))
    #expect(client.send([1]))
    let accepted = try server.accepted()
    #expect(accepted.received(atMost: 1).bytes == [1])
    relay = nil
    #expect(client.received() == Received([], .end))
    #expect(accepted.received() == Received([], .end))
  }

  @Test(arguments: ["ftp://h:1", "http://", ""])
  func `a relay to a URL that is none cannot be made`(url: String) {
    let error = #expect(throws: UploadError.self) { try CuttingRelay(to: url, CutPlan(at: [])) }
    #expect(error?.code == .badURL)
  }
}

/// A socket of a test at one end of a relay, closed when the last reference is released. Calls wait for at most 10 s.
private final class RelayPeer {
  private let descriptor: Int32
  private let port: Int

  private init(_ descriptor: Int32, port: Int = 0) {
    (self.descriptor, self.port) = (descriptor, port)
    var time = timeval(tv_sec: 10, tv_usec: 0)
    setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &time, socklen_t(MemoryLayout<timeval>.size))
  }

  deinit { close(descriptor) }

  static func listening() throws -> RelayPeer {
    let (descriptor, port) = try Loopback.listen()
    return RelayPeer(descriptor, port: port)
  }

  static func connecting(to port: Int) throws -> RelayPeer { RelayPeer(try Loopback.connect(to: port)) }

  var url: String { "http://127.0.0.1:\(port)" }

  func accepted() throws -> RelayPeer {
    let connection = accept(descriptor, nil, nil)
    guard connection >= 0 else { throw SocketError(call: "accept", number: errno) }
    return RelayPeer(connection)
  }

  /// - Returns: whether all bytes were written.
  func send(_ bytes: [UInt8]) -> Bool {
    bytes.withUnsafeBytes { Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) } == bytes.count
  }

  func endSending() { shutdown(descriptor, Int32(SHUT_WR)) }

  /// Reads until the peer has ended the connection, or at least `limit` bytes have arrived.
  func received(atMost limit: Int = .max) -> Received {
    var found: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 4096)
    while found.count < limit {
      let count = recv(descriptor, &buffer, buffer.count, 0)
      if count == 0 { return Received(found, .end) }
      if count < 0 { return Received(found, errno == ECONNRESET ? .reset : .timeout) }
      found += buffer.prefix(count)
    }
    return Received(found, .open)
  }
}

/// What has arrived on a connection.
private struct Received: Equatable {
  /// How the peer has ended the connection.
  enum Ending: Equatable {
    case open, end, reset, timeout
  }

  let bytes: [UInt8]
  let ending: Ending

  init(_ bytes: [UInt8], _ ending: Ending) { (self.bytes, self.ending) = (bytes, ending) }
}
