import Dispatch
import Foundation
import Glibc
import Synchronization

/// A server on a loopback port of its own that runs a script for each connection, on a thread of its own.
package final class ScriptedServer: Sendable {
  package typealias Script = @Sendable (Peer) throws -> Void

  package let port: Int
  private let listener: CInt
  private let threads = DispatchGroup()
  private let failures = Mutex<[any Error]>([])

  package var url: String { "http://127.0.0.1:\(port)" }

  /// - Parameter receiveBuffer: bytes that the kernel accepts before the script reads them; small where a test needs the
  ///   client to wait.
  fileprivate init(receiveBuffer: CInt, script: @escaping Script) throws {
    (listener, port) = try Loopback.listen { descriptor in
      if receiveBuffer > 0 { Loopback.setReceiveBuffer(receiveBuffer, of: descriptor) }
    }
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
}

/// Runs `body` with a server that runs `script` for each connection.
/// - Throws: what `body` throws, then what a script threw.
package func withServer<Result>(
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
