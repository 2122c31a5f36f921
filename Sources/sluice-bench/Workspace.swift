import CLinux
import Foundation
import Glibc
import Synchronization
import UploadCore

/// A directory for one measurement, on the disk that is measured.
enum Workspace {
  /// Makes a directory in `parent`, hands it to `body`, and removes it with all it holds, however `body` ends.
  ///
  /// The removal is on the disk before this returns, so that it does not burden the next measurement.
  /// - Throws: ``UploadError`` with code `badDirectory`, or what `body` throws.
  static func use<Result>(in parent: String, _ body: (_ path: String) throws -> Result) throws -> Result {
    let path = parent + "/sluice-bench-\(UploadID())"
    do {
      try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
    } catch {
      throw UploadError(.badDirectory, "Nothing can be made in \(parent); name another --dir.", cause: error)
    }
    return try Interrupt.guarded(undo: { remove(path, from: parent) }) { try body(path) }
  }

  private static func remove(_ path: String, from parent: String) {
    try? FileManager.default.removeItem(atPath: path)
    sync(parent)
  }

  private static func sync(_ directory: String) {
    let descriptor = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard descriptor >= 0 else { return }
    fsync(descriptor)
    close(descriptor)
  }
}

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
