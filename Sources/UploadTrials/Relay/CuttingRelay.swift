import CLinux
import Glibc
import UploadCore
import UploadStorage

/// A TCP relay on loopback in front of a server, which cuts connections as a ``CutPlan`` says. It forwards bytes, and
/// understands none of them. It has a thread of its own, and stops when the last reference is released; then its
/// connections are closed. Usable from any thread.
final class CuttingRelay: Sendable {
  /// Descriptors of a relay for one client: its own, and two connections.
  static let descriptors = 4

  /// The port of 127.0.0.1 that it listens on.
  let port: Int
  private let tally: CutTally
  private let stop: StopSignal

  /// Listens, and starts the thread. Blocks while the host of `url` is looked up.
  /// - Parameter url: of the server, as it states it; without a path.
  /// - Throws: ``UploadError`` with code `badURL`, or `cannotListen` when the system has no socket for it.
  init(to url: String, _ plan: CutPlan) throws(UploadError) {
    let address = try RelayAddress(of: url)
    let listener: RelaySocket
    let stop: StopSignal
    do throws(SystemCallError) {
      stop = try StopSignal()
      (listener, port) = try RelaySocket.listening()
    } catch {
      throw UploadError(.cannotListen, "No relay can be started: \(error.reason).", cause: error)
    }
    let (loop, tally) = (RelayLoop(listener: listener, address: address), CutTally(plan))
    (self.tally, self.stop) = (tally, stop)
    WorkerPool(threads: 1).submit { _ in loop.run(tally, until: stop) }
  }

  deinit { stop.raise() }

  /// Where clients reach it, with plain HTTP, without a path.
  var url: String { "http://127.0.0.1:\(port)" }

  /// How many connections it has interrupted.
  var cuts: Int { tally.current.cuts }

  /// Bytes from clients that it has forwarded to the server, request headers included.
  var forwarded: UInt64 { tally.current.forwarded }
}

/// Tells a thread that waits for descriptors to end. Closed when the last reference is released.
private final class StopSignal: Sendable {
  /// Readable after ``raise()``.
  let descriptor: Int32

  /// - Throws: the error of the system call.
  init() throws(SystemCallError) {
    descriptor = clinux_event_descriptor()
    if descriptor < 0 { throw SystemCallError("eventfd", errno) }
  }

  deinit { if descriptor >= 0 { close(descriptor) } }

  func raise() { clinux_raise_event(descriptor) }
}

/// The relay's thread: waits for sockets, and forwards between them.
///
/// `@unchecked Sendable`: it is made by one thread and then used by another one alone.
private final class RelayLoop: @unchecked Sendable {
  private let listener: RelaySocket
  private let address: RelayAddress
  private var connections: [RelayConnection] = []

  init(listener: RelaySocket, address: RelayAddress) {
    self.listener = listener
    self.address = address
  }

  /// Blocks until `stop` is raised.
  func run(_ tally: CutTally, until stop: StopSignal) {
    defer { connections = [] }
    while true {
      let own = [stop.descriptor, listener.descriptor].map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
      var awaited = own + connections.flatMap(\.awaited)
      let time: Int32 = connections.contains(where: \.hasDeadline) ? 50 : -1
      guard poll(&awaited, nfds_t(awaited.count), time) >= 0 || errno == EINTR else { return }
      if awaited[0].revents != 0 { return }
      for connection in connections { connection.advance(tally) }
      connections.removeAll { !$0.isOpen }
      if awaited[1].revents != 0 { accept() }
    }
  }

  private func accept() {
    guard let client = listener.accepted() else {
      // Perhaps there are no descriptors at the moment, and the connection still waits.
      usleep(10_000)
      return
    }
    guard let server = try? RelaySocket.connecting(to: address) else {
      client.resetOnClose()
      return
    }
    connections.append(RelayConnection(client: client, server: server))
  }
}
