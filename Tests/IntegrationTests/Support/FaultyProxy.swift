import Glibc
import Synchronization
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
  /// Those that have not struck yet.
  private let faults: Mutex<[Fault]>

  private init(_ faults: [Fault], target: Int) throws {
    (listener, port) = try Socket.listening()
    self.faults = Mutex(faults)
    self.target = target
  }

  /// How many faults have not struck yet.
  var faultsLeft: Int { faults.withLock { $0.count } }

  /// Runs a proxy while `body` runs, and ends it after that.
  static func with<Result: Sendable>(
    _ fault: Fault,
    target: Int,
    isolation: isolated (any Actor)? = #isolation,
    _ body: (FaultyProxy) async throws -> Result
  ) async throws -> Result {
    try await with([fault], target: target, body)
  }

  /// Runs a proxy while `body` runs, and ends it after that. The first fault applies to each connection until it has
  /// ended one, then the next one; after all of them connections are forwarded unharmed.
  static func with<Result: Sendable>(
    _ faults: [Fault],
    target: Int,
    isolation: isolated (any Actor)? = #isolation,
    _ body: (FaultyProxy) async throws -> Result
  ) async throws -> Result {
    let proxy = try FaultyProxy(faults, target: target)
    let running = Task { await proxy.run() }
    defer { running.cancel() }
    return try await body(proxy)
  }

  private func run() async {
    await withDiscardingTaskGroup { group in
      while !Task.isCancelled {
        // One that comes late is waited for again.
        guard let client = try? await listener.accept() else { continue }
        group.addTask { try? await self.serve(client) }
      }
    }
  }

  private func serve(_ client: Socket) async throws {
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
      if let fault = striking(after: sent + held.count), let limit = fault.limit {
        try await server.send(Array(held.prefix(max(0, limit - sent))))
        return try await strike(fault, client, server)
      }
      let fault = faults.withLock { $0.first }
      if bytes.isEmpty || !isHeldBack(held, fault) {
        try await send(held, fault, to: server)
        sent += held.count
        held = []
      }
      if bytes.isEmpty { return server.finish() }
    }
  }

  /// The fault that ends a connection of so many bytes, which is then over.
  private func striking(after count: Int) -> Fault? {
    faults.withLock { faults in
      guard let limit = faults.first?.limit, count >= limit else { return nil }
      return faults.removeFirst()
    }
  }

  private func isHeldBack(_ held: [UInt8], _ fault: Fault?) -> Bool {
    if case .merged(let size) = fault { held.count < size } else { false }
  }

  private func send(_ bytes: [UInt8], _ fault: Fault?, to server: Socket) async throws {
    switch fault {
    case .split(let size), .trickle(let size, _):
      for start in stride(from: 0, to: bytes.count, by: size) {
        try await server.send(Array(bytes[start..<min(bytes.count, start + size)]))
        if case .trickle(_, let pause) = fault { try await Task.sleep(for: pause) }
      }
    default: try await server.send(bytes)
    }
  }

  private func strike(_ fault: Fault, _ client: Socket, _ server: Socket) async throws {
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
