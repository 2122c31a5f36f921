import Basics
import CLinux
import Foundation
import Glibc
import Synchronization
import UploadCore

/// A program that a test runs in a terminal: every byte that it sends to the screen, keys to it, and how it ended.
///
/// Killed when the last reference to this object goes, so that no test leaves one behind. Callable from any thread.
package final class PseudoTerminal: Sendable {
  private struct State {
    var output: [UInt8] = []
    /// Whether no process has the terminal open any more.
    var isClosed = false
    var exit: ProcessRunner.Exit?
  }

  /// Shared with the threads that read and wait, which must not keep the terminal alive.
  private final class Record: Sendable {
    let state = Mutex(State())
  }

  private let record = Record()
  /// The end that is the screen and the keyboard.
  private let screen: Int32
  /// The path of the program's end.
  private let path: String
  package let processID: Int32

  /// Starts a program in a new terminal, which is all three of its streams.
  /// - Parameters:
  ///   - executable: a path, or a name to look up in PATH; where there is none, the program ends with status 127.
  ///   - environment: added to this process's own.
  ///   - directory: where it runs; must exist.
  ///   - width: in columns.
  ///   - height: in rows.
  ///   - isRead: whether the output is read; otherwise the program blocks once the terminal is full.
  /// - Throws: `POSIXError` when there is no terminal, ``SystemCallError`` when no process can be started.
  package init(
    _ executable: String,
    _ arguments: [String] = [],
    environment: [String: String] = [:],
    directory: String = ".",
    width: Int,
    height: Int,
    isRead: Bool = true
  ) throws {
    var path = [CChar](repeating: 0, count: 128)
    screen = clinux_open_pseudo_terminal(&path, path.count, Int32(width), Int32(height))
    // For the reading thread, which closes what it reads when it ends.
    let copy = fcntl(screen, F_DUPFD_CLOEXEC, 3)
    guard screen >= 0, copy >= 0 else { throw POSIXError(POSIXErrorCode(rawValue: errno) ?? .ENXIO) }
    let name = String(decoding: path.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    self.path = name
    // While no process has the program's end open, reading from the other fails.
    let programEnd = open(name, O_RDWR | O_NOCTTY | O_CLOEXEC)
    defer { close(programEnd) }
    do {
      processID = try ChildProgram.start(
        "/usr/bin/env",
        ["-C", directory, executable] + arguments,
        environment: ProcessInfo.processInfo.environment.merging(environment) { $1 },
        streams: .terminal(name)
      )
    } catch {
      close(copy)
      close(screen)
      throw error
    }
    let (record, processID) = (record, processID)
    if isRead {
      Thread.detachNewThread {
        SpawnedProcess.read(copy) { bytes in record.state.withLock { $0.output += bytes } }
        record.state.withLock { $0.isClosed = true }
      }
    } else {
      close(copy)
      record.state.withLock { $0.isClosed = true }
    }
    Thread.detachNewThread {
      let exit = SpawnedProcess.wait(for: processID)
      record.state.withLock { $0.exit = exit }
    }
  }

  deinit {
    record.state.withLock { state in
      if state.exit == nil { kill(processID, SIGKILL) }
    }
    close(screen)
  }

  /// What the program has sent to the screen so far.
  package var output: [UInt8] { record.state.withLock { $0.output } }

  /// How many bytes the program has sent so far.
  package var outputCount: Int { record.state.withLock { $0.output.count } }

  /// Types bytes; blocks while the terminal's input buffer is full.
  /// - Throws: `POSIXError`.
  package func send(_ bytes: some Sequence<UInt8>) throws {
    guard Array(bytes).withUnsafeBytes({ writeAll($0, to: screen) }) else {
      throw POSIXError(POSIXErrorCode(rawValue: errno) ?? .EIO)
    }
  }

  /// Types a text in UTF-8, like the bytes above.
  /// - Throws: `POSIXError`.
  package func send(_ text: String) throws {
    try send(text.utf8)
  }

  /// Changes the size of the window, in columns and rows; the program gets SIGWINCH.
  package func resize(width: Int, height: Int) {
    _ = clinux_set_terminal_size(screen, Int32(width), Int32(height))
  }

  /// Whether the program is blocked in a write to the terminal, or would be by the next: it is full, as it is not read.
  package var isFull: Bool {
    let end = open(path, O_RDWR | O_NOCTTY | O_CLOEXEC)
    defer { close(end) }
    var polled = pollfd(fd: end, events: Int16(POLLOUT), revents: 0)
    return end >= 0 && poll(&polled, 1, 0) == 0
  }

  /// Whether the program has ended; some of its output may still be missing.
  package var hasEnded: Bool { record.state.withLock { $0.exit != nil } }

  /// Waits until the program has ended and all output is there.
  /// - Throws: ``TimeoutError`` with the last 4 KiB of the output so far; the program continues.
  @discardableResult
  package func exit(timeout: Duration = .seconds(600)) async throws -> ProcessRunner.Exit {
    do {
      try await eventually("the end of the program", timeout: timeout) {
        record.state.withLock { $0.exit != nil && $0.isClosed }
      }
    } catch let error as TimeoutError {
      throw TimeoutError(
        "\(error); its output:\n\(String(decoding: output.suffix(4096), as: UTF8.self).debugDescription)"
      )
    }
    return record.state.withLock { $0.exit } ?? .status(-1)
  }
}
