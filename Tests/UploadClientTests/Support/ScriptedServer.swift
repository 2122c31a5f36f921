import Dispatch
import Foundation
import Glibc
import Synchronization
import UploadTestSupport

/// A server on a loopback port of its own that runs a script for each connection, on a thread of its own.
final class ScriptedServer: Sendable {
  typealias Script = @Sendable (Peer) throws -> Void

  let port: Int
  private let listener: CInt
  private let threads = DispatchGroup()
  private let failures = Mutex<[any Error]>([])

  var url: String { "http://127.0.0.1:\(port)" }

  /// - Parameter receiveBuffer: bytes that the kernel accepts before the script reads them; small where a test needs the
  ///   client to wait.
  fileprivate init(receiveBuffer: CInt, script: @escaping Script) throws {
    (listener, port) = try Self.listen(receiveBuffer: receiveBuffer)
    let (listener, threads) = (listener, threads)
    threads.enter()
    Thread.detachNewThread { [self] in
      while true {
        let connection = accept(listener, nil, nil)
        guard connection >= 0 else { break }
        threads.enter()
        Thread.detachNewThread { [self] in
          do {
            try script(Peer(connection))
          } catch {
            failures.withLock { $0.append(error) }
          }
          threads.leave()
        }
      }
      threads.leave()
    }
  }

  /// Accepts no more connections, and waits for the running scripts.
  /// - Throws: the first error of a script.
  fileprivate func stop() async throws {
    // Closing alone would not wake the thread that waits in accept().
    shutdown(listener, CInt(SHUT_RDWR))
    await withCheckedContinuation { done in
      threads.notify(queue: .global()) { done.resume() }
    }
    close(listener)
    if let failure = failures.withLock({ $0.first }) { throw failure }
  }

  static func listen(receiveBuffer: CInt, backlog: CInt = 64) throws -> (descriptor: CInt, port: Int) {
    let descriptor = socket(AF_INET, CInt(SOCK_STREAM.rawValue), 0)
    var size = receiveBuffer
    if size > 0 { setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &size, socklen_t(MemoryLayout<CInt>.size)) }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = in_addr_t(0x7F00_0001).bigEndian
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let bound = withUnsafeMutablePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(descriptor, $0, length) == 0 && Glibc.listen(descriptor, backlog) == 0
          && getsockname(descriptor, $0, &length) == 0
      }
    }
    guard bound else { throw TimeoutError("no loopback port: errno \(errno)") }
    return (descriptor, Int(in_port_t(bigEndian: address.sin_port)))
  }
}

/// Runs `body` with a server that runs `script` for each connection.
/// - Throws: what `body` throws, then what a script threw.
func withServer<Result>(
  receiveBuffer: CInt = 0,
  script: @escaping ScriptedServer.Script,
  isolation: isolated (any Actor)? = #isolation,
  _ body: (ScriptedServer) async throws -> Result
) async throws -> Result {
  let server = try ScriptedServer(receiveBuffer: receiveBuffer, script: script)
  do {
    let result = try await body(server)
    try await server.stop()
    return result
  } catch {
    try? await server.stop()
    throw error
  }
}
