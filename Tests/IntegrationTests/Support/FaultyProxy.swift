import Glibc
import UploadTestSupport

/// A TCP proxy on this machine that does to a client's bytes what networks do: splits and merges them, lets them trickle,
/// stops, cuts or resets the connection at a byte. What the server sends goes through as it is.
final class FaultyProxy: Sendable {
  /// What happens to the bytes from the client.
  enum Fault: Sendable, CustomStringConvertible {
    /// Forwarded in chunks of so many bytes.
    case split(Int)
    /// Forwarded once so many bytes have been received, or the client has ended.
    case merged(Int)
    /// Forwarded in chunks of so many bytes with a pause after each.
    case trickle(Int, Duration)
    /// After so many bytes nothing more is forwarded, and the connection is not closed.
    case stall(at: Int)
    /// After so many bytes the sending side ends (FIN).
    case halfClose(at: Int)
    /// After so many bytes both sides are reset.
    case reset(at: Int)

    var description: String {
      switch self {
      case .split(let size): "split \(size)"
      case .merged(let size): "merged \(size)"
      case .trickle(let size, _): "trickle \(size)"
      case .stall(let count): "stall at \(count)"
      case .halfClose(let count): "half-close at \(count)"
      case .reset(let count): "reset at \(count)"
      }
    }

    /// Whether the last bytes are only sent on once the client has ended.
    var waitsForTheEnd: Bool { if case .merged = self { true } else { false } }

    /// How many bytes reach the server; nil for all.
    var limit: Int? {
      switch self {
      case .split, .merged, .trickle: nil
      case .stall(let count), .halfClose(let count), .reset(let count): count
      }
    }
  }

  /// Where clients connect.
  let port: Int
  private let listener: Socket
  private let target: Int
  private let fault: Fault

  private init(_ fault: Fault, target: Int) throws {
    (listener, port) = try Socket.listening()
    (self.fault, self.target) = (fault, target)
  }

  /// Runs a proxy for one connection while `body` runs, and ends it after that.
  static func with<Result: Sendable>(
    _ fault: Fault,
    target: Int,
    isolation: isolated (any Actor)? = #isolation,
    _ body: (FaultyProxy) async throws -> Result
  ) async throws -> Result {
    let proxy = try FaultyProxy(fault, target: target)
    let running = Task { try await proxy.run() }
    defer { running.cancel() }
    return try await body(proxy)
  }

  private func run() async throws {
    let client = try await listener.accept()
    let server = try Socket(port: target)
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask {
        while case let bytes = try await server.receiveSome(), !bytes.isEmpty { try await client.send(bytes) }
        client.finish()
      }
      group.addTask { try await self.forward(client, server) }
      // Either end of the connection may end first; the first error ends both. (waitForAll would wait for the other.)
      for try await _ in group {}
    }
  }

  private func forward(_ client: Socket, _ server: Socket) async throws {
    var sent = 0
    var held: [UInt8] = []
    while true {
      let bytes = try await client.receiveSome()
      held += bytes
      if let limit = fault.limit, sent + held.count >= limit {
        try await server.send(Array(held.prefix(limit - sent)))
        return try await strike(client, server)
      }
      if bytes.isEmpty || !isHeldBack(held) {
        try await send(held, to: server)
        sent += held.count
        held = []
      }
      if bytes.isEmpty { return server.finish() }
    }
  }

  private func isHeldBack(_ held: [UInt8]) -> Bool {
    if case .merged(let size) = fault { held.count < size } else { false }
  }

  private func send(_ bytes: [UInt8], to server: Socket) async throws {
    switch fault {
    case .split(let size), .trickle(let size, _):
      for start in stride(from: 0, to: bytes.count, by: size) {
        try await server.send(Array(bytes[start..<min(bytes.count, start + size)]))
        if case .trickle(_, let pause) = fault { try await Task.sleep(for: pause) }
      }
    default: try await server.send(bytes)
    }
  }

  private func strike(_ client: Socket, _ server: Socket) async throws {
    switch fault {
    case .halfClose: server.finish()
    case .reset:
      server.resetOnClose()
      client.resetOnClose()
      throw CancellationError()
    default: break
    }
    // What the client still sends must not fill its socket: its side looks healthy.
    while try await !client.receiveSome().isEmpty {}
  }
}
