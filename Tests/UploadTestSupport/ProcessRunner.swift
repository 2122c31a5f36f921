import Basics
import Foundation
import Glibc
import Synchronization

/// A program that a test runs: its output as it is written, signals to it, and how it ended.
///
/// Killed when the last reference to this object goes, so that no test leaves one behind. Callable from any thread.
package final class ProcessRunner: Sendable {
  /// How a program ended: its exit status, or the number of the signal that ended it.
  package enum Exit: Sendable, Equatable {
    case status(Int32)
    case signal(Int32)
  }

  private struct State {
    var output: [UInt8] = []
    var errors: [UInt8] = []
    /// How many of the two streams have come to their end.
    var endedStreams = 0
    var exit: Exit?
    var inputIsOpen = true
  }

  /// Shared with the threads that read and wait, which must not keep the runner alive.
  private final class Record: Sendable {
    let state = Mutex(State())
  }

  private let record = Record()
  private let process: SpawnedProcess

  /// Starts a program; all three of its streams are pipes.
  /// - Parameters:
  ///   - executable: a path, or a name to look up in PATH.
  ///   - environment: added to this process's own.
  ///   - directory: where it runs; here when nil.
  /// - Throws: ``SystemCallError`` when it cannot be started. With a directory, it ends with status 125 to 127 instead.
  package init(
    _ executable: String,
    _ arguments: [String] = [],
    environment: [String: String] = [:],
    directory: String? = nil
  ) throws {
    process = try SpawnedProcess.start(
      directory == nil ? executable : "/usr/bin/env",
      directory.map { ["-C", $0, executable] + arguments } ?? arguments,
      environment: ProcessInfo.processInfo.environment.merging(environment) { $1 }
    )
    let (record, process) = (record, process)
    Thread.detachNewThread { Self.collect(process.output, into: record) { $0.output += $1 } }
    Thread.detachNewThread { Self.collect(process.errors, into: record) { $0.errors += $1 } }
    Thread.detachNewThread {
      let exit = SpawnedProcess.wait(for: process.processID)
      record.state.withLock { $0.exit = exit }
    }
  }

  deinit {
    signal(SIGKILL)
    closeInput()
  }

  private static func collect(
    _ descriptor: Int32,
    into record: Record,
    _ append: (inout State, UnsafeRawBufferPointer) -> Void
  ) {
    SpawnedProcess.read(descriptor) { bytes in
      record.state.withLock { append(&$0, bytes) }
    }
    record.state.withLock { $0.endedStreams += 1 }
  }

  /// The process ID.
  package var processID: Int32 { process.processID }

  /// What it has written to standard output so far; bytes that are not UTF-8 become U+FFFD.
  package var output: String {
    String(decoding: record.state.withLock { $0.output }, as: UTF8.self)
  }

  /// What it has written to standard error so far; bytes that are not UTF-8 become U+FFFD.
  package var errors: String {
    String(decoding: record.state.withLock { $0.errors }, as: UTF8.self)
  }

  /// The complete output lines on standard output so far, without their line ends.
  package var lines: [String] {
    output.split(separator: "\n", omittingEmptySubsequences: false).dropLast().map(String.init)
  }

  /// Waits for the first complete output line on standard output, from the start, that `predicate` accepts.
  /// - Throws: ``TimeoutError`` with all output when it does not come in time, or when the program ends without it.
  package func line(
    timeout: Duration = .seconds(120),
    where predicate: @Sendable (String) -> Bool
  ) async throws -> String {
    var found: String?
    do {
      try await eventually("an output line", timeout: timeout) {
        // Read first: all output of a program that has ended is there.
        let over = hasEnded
        found = lines.first(where: predicate)
        return found != nil || over
      }
    } catch is TimeoutError {}
    guard let found else { throw TimeoutError("no such output line; \(transcript)") }
    return found
  }

  private var hasEnded: Bool {
    record.state.withLock { $0.exit != nil && $0.endedStreams == 2 }
  }

  private var transcript: String {
    "standard output:\n\(output)\nstandard error:\n\(errors)"
  }

  /// Sends bytes to standard input; blocks while the pipe is full.
  /// - Throws: `POSIXError`, with code `EBADF` after ``closeInput()`` and `EPIPE` when the program no longer reads.
  package func send(_ bytes: [UInt8]) throws {
    guard record.state.withLock({ $0.inputIsOpen }) else { throw POSIXError(.EBADF) }
    guard bytes.withUnsafeBytes({ writeAll($0, to: process.input) }) else {
      throw POSIXError(POSIXErrorCode(rawValue: errno) ?? .EPIPE)
    }
  }

  /// Closes standard input; a second call does nothing.
  package func closeInput() {
    record.state.withLock { state in
      if state.inputIsOpen { close(process.input) }
      state.inputIsOpen = false
    }
  }

  /// Sends the program a signal such as `SIGINT`; does nothing when it has ended.
  package func signal(_ number: Int32) {
    record.state.withLock { state in
      if state.exit == nil { kill(process.processID, number) }
    }
  }

  /// Waits until the program has ended and all output is there.
  /// - Throws: ``TimeoutError`` with all output so far; the program continues.
  @discardableResult
  package func exit(timeout: Duration = .seconds(600)) async throws -> Exit {
    do {
      try await eventually("the end of the program", timeout: timeout) { hasEnded }
    } catch let error as TimeoutError {
      throw TimeoutError("\(error); \(transcript)")
    }
    return record.state.withLock { $0.exit } ?? .status(-1)
  }

  /// Runs a program to its end, with empty standard input; the parameters are those of the initializer.
  /// - Throws: ``SystemCallError`` when it cannot be started, ``TimeoutError`` when it does not end in time; it is then
  ///   killed.
  package static func run(
    _ executable: String,
    _ arguments: [String] = [],
    environment: [String: String] = [:],
    directory: String? = nil,
    timeout: Duration = .seconds(600)
  ) async throws -> (exit: Exit, output: String, errors: String) {
    let runner = try ProcessRunner(executable, arguments, environment: environment, directory: directory)
    runner.closeInput()
    let exit = try await runner.exit(timeout: timeout)
    return (exit, runner.output, runner.errors)
  }
}
