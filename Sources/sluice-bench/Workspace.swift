import Basics
import CLinux
import Foundation
import Glibc
import Synchronization
import UploadCore

/// A directory for one measurement, on the disk that is measured.
enum Workspace {
  /// Makes a directory in `parent`, passes its path to `body`, and removes it with its content, even when `body` throws
  /// or the program is interrupted.
  ///
  /// The removal is synced before this returns, so that it does not slow the next measurement.
  /// - Parameter keeps: whether the directory remains when `body` has returned.
  /// - Throws: ``UploadError`` with code `badDirectory`, or what `body` throws.
  static func use<Result>(
    in parent: String,
    keeps: Bool = false,
    _ body: (_ path: String) throws -> Result
  ) throws -> Result {
    let path = parent + "/sluice-bench-\(UploadID())"
    try check(mkdir(path, 0o700) == 0, "mkdir", .badDirectory, "Cannot create a directory in \(parent)")
    @Sendable func remove() {
      try? FileManager.default.removeItem(atPath: path)
      let descriptor = open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
      guard descriptor >= 0 else { return }
      fsync(descriptor)
      close(descriptor)
    }
    if keeps { return try body(path) }
    return try Interrupt.guarded(undo: remove) { try body(path) }
  }
}

/// Undoes what must not outlast the program when it is interrupted.
enum Interrupt {
  private static let signals = [SIGINT, SIGTERM]
  /// The last one is called first.
  private static let undoing = Mutex<[@Sendable () -> Void]>([])

  /// From now on SIGINT and SIGTERM undo what is guarded and end the program with status 130. Call it before any thread
  /// is started.
  static func watch() {
    clinux_block_signals(signals, Int32(signals.count))
    let descriptor = clinux_signal_descriptor(signals, Int32(signals.count))
    Thread.detachNewThread {
      var readable = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
      while poll(&readable, 1, -1) < 1, errno == EINTR {}
      // Exits inside the lock, so that nothing new is guarded meanwhile.
      undoing.withLock { undoing in
        while let undo = undoing.popLast() { undo() }
        _exit(130)
      }
    }
  }

  /// Runs `body`, and `undo` once: after `body`, even when it throws, or on another thread when the program is
  /// interrupted meanwhile. Calls may be nested, but not run on several threads at once.
  static func guarded<Result>(undo: @escaping @Sendable () -> Void, _ body: () throws -> Result) rethrows -> Result {
    undoing.withLock { $0.append(undo) }
    defer { undoing.withLock { $0.popLast() }?() }
    return try body()
  }
}

/// The content of all uploads: an unlinked file of random bytes, written and synced, so that it is in the page cache
/// before a measurement. Longer uploads send it repeatedly.
final class SourceFile: Sendable {
  /// Length of the file in bytes; small enough to stay in the page cache.
  static let length = 64 << 20

  let descriptor: Int32

  /// Writes the file.
  /// - Parameter directory: an existing directory on the disk that is measured.
  /// - Throws: ``UploadError`` with code `badDirectory` or `diskFull`.
  init(directory: String) throws(UploadError) {
    let path = directory + "/sluice-bench-source-\(UploadID())"
    descriptor = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
    try check(descriptor >= 0, "open", .badDirectory, "Cannot create a file in \(directory)")
    unlink(path)
    let content = SplitMix64.bytes(Self.length, seed: 3)
    let written = pwrite(descriptor, content, content.count, 0)
    try check(written == content.count, "pwrite", .diskFull, "Cannot write 64 MiB to \(directory)")
    fsync(descriptor)
  }

  deinit { if descriptor >= 0 { close(descriptor) } }
}

/// Checks the result of a system call.
/// - Parameters:
///   - call: name of the system call, for the cause.
///   - message: what failed, without a period.
///   - number: the error number of a call that returns it; nil for `errno`.
/// - Throws: ``UploadError`` with `code`, the message and the error unless the call succeeded.
func check(_ success: Bool, _ call: String, _ code: UploadError.Code, _ message: String, _ number: Int32? = nil)
  throws(UploadError)
{
  guard !success else { return }
  let cause = SystemCallError(call, number ?? errno)
  throw UploadError(code, "\(message) (\(cause)).", cause: cause)
}
