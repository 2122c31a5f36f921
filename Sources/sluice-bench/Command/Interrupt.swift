import CLinux
import Foundation
import Glibc
import Synchronization

/// What must not be left behind, even when the user stops the program in the middle.
enum Interrupt {
  private static let signals = [SIGINT, SIGTERM]
  private static let status: Int32 = 130
  /// The last one is undone first.
  private static let undoing = Mutex<[@Sendable () -> Void]>([])

  /// From now on SIGINT and SIGTERM undo what is guarded and end the program. Before any thread is made.
  static func watch() {
    clinux_block_signals(signals, Int32(signals.count))
    let descriptor = clinux_signal_descriptor(signals, Int32(signals.count))
    Thread.detachNewThread {
      var readable = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
      while poll(&readable, 1, -1) < 1, errno == EINTR {}
      // The lock is kept, so that nothing new begins.
      undoing.withLock { undoing in
        while let undo = undoing.popLast() { undo() }
        _exit(status)
      }
    }
  }

  /// Runs `body`, and `undo` after it, or when the program is stopped meanwhile.
  static func guarded<Result>(undo: @escaping @Sendable () -> Void, _ body: () throws -> Result) rethrows -> Result {
    undoing.withLock { $0.append(undo) }
    defer { undoing.withLock { $0.popLast() }?() }
    return try body()
  }
}
