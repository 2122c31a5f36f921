internal import Foundation
internal import Glibc
internal import Synchronization

/// A program that a test runs: its output as it comes, signals to it, and how it ended.
///
/// Killed when the last reference to it goes, so that no test leaves one behind.
package final class ProcessRunner: Sendable {
  /// How a program ended.
  package enum Exit: Sendable, Equatable {
    case status(Int32)
    case signal(Int32)
  }

  private struct State {
    var output = Data()
    var errors = Data()
    /// How many of the two streams have come to their end.
    var endedStreams = 0
    var exit: Exit?
  }

  /// Shared with the process's callbacks, which must not keep the runner alive.
  private final class Record: Sendable {
    let state = Mutex(State())
  }

  private let record = Record()
  private let input: Pipe
  package let processID: Int32

  /// Starts `executable`.
  /// - Parameters:
  ///   - executable: an absolute path, or a name to look up in PATH.
  ///   - environment: added to this process's own.
  ///   - directory: where it runs; here when nil.
  package init(
    _ executable: String,
    _ arguments: [String] = [],
    environment: [String: String] = [:],
    directory: String? = nil
  ) throws {
    let process = Process()
    let isPath = executable.contains("/")
    process.executableURL = URL(filePath: isPath ? executable : "/usr/bin/env")
    process.arguments = isPath ? arguments : [executable] + arguments
    process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
    if let directory { process.currentDirectoryURL = URL(filePath: directory) }
    let (output, errors) = (Pipe(), Pipe())
    input = Pipe()
    process.standardInput = input
    process.standardOutput = output
    process.standardError = errors
    Self.collect(output, into: record, \.output)
    Self.collect(errors, into: record, \.errors)
    let record = record
    process.terminationHandler = { process in
      let exit = process.terminationReason == .exit ? Exit.status : Exit.signal
      record.state.withLock { $0.exit = exit(process.terminationStatus) }
    }
    try process.run()
    processID = process.processIdentifier
  }

  deinit {
    if record.state.withLock({ $0.exit }) == nil { kill(processID, SIGKILL) }
  }

  private static func collect(_ pipe: Pipe, into record: Record, _ stream: any WritableKeyPath<State, Data> & Sendable)
  {
    pipe.fileHandleForReading.readabilityHandler = { handle in
      let piece = handle.availableData
      if piece.isEmpty { handle.readabilityHandler = nil }
      record.state.withLock { state in
        state[keyPath: stream].append(piece)
        if piece.isEmpty { state.endedStreams += 1 }
      }
    }
  }

  /// What it has written to standard output so far.
  package var output: String {
    record.state.withLock { String(decoding: $0.output, as: UTF8.self) }
  }

  /// What it has written to standard error so far.
  package var errors: String {
    record.state.withLock { String(decoding: $0.errors, as: UTF8.self) }
  }

  /// The whole lines it has written to standard output so far.
  package var lines: [String] {
    output.split(separator: "\n", omittingEmptySubsequences: false).dropLast().map(String.init)
  }

  /// Waits for the first line of standard output that `predicate` accepts.
  /// - Throws: ``TimeoutError`` with all output when it does not come, or when the program ends without it.
  package func line(
    timeout: Duration = .seconds(30),
    where predicate: @Sendable (String) -> Bool
  ) async throws -> String {
    var found: String?
    do {
      try await eventually("a line", timeout: timeout) {
        // Asked first: what it wrote before its end is all there when it has ended.
        let over = hasEnded
        found = lines.first(where: predicate)
        return found != nil || over
      }
    } catch is TimeoutError {}
    guard let found else {
      throw TimeoutError("no such line; standard output:\n\(output)\nstandard error:\n\(errors)")
    }
    return found
  }

  private var hasEnded: Bool {
    record.state.withLock { $0.exit != nil && $0.endedStreams == 2 }
  }

  /// Sends bytes to standard input.
  package func send(_ bytes: [UInt8]) throws {
    try input.fileHandleForWriting.write(contentsOf: Data(bytes))
  }

  /// Ends standard input.
  package func closeInput() throws {
    try input.fileHandleForWriting.close()
  }

  /// Sends a signal such as `SIGINT`; nothing happens when it has ended.
  package func signal(_ number: Int32) {
    if record.state.withLock({ $0.exit }) == nil { kill(processID, number) }
  }

  /// Waits for the end, and until all output is there.
  /// - Throws: ``TimeoutError`` with all output so far.
  @discardableResult
  package func exit(timeout: Duration = .seconds(60)) async throws -> Exit {
    do {
      try await eventually("the end of the program", timeout: timeout) { hasEnded }
    } catch let error as TimeoutError {
      throw TimeoutError("\(error); standard output:\n\(output)\nstandard error:\n\(errors)")
    }
    return record.state.withLock { $0.exit } ?? .status(-1)
  }

  /// Runs a program to its end, without input.
  package static func run(
    _ executable: String,
    _ arguments: [String] = [],
    environment: [String: String] = [:],
    directory: String? = nil,
    timeout: Duration = .seconds(60)
  ) async throws -> (exit: Exit, output: String, errors: String) {
    let runner = try ProcessRunner(executable, arguments, environment: environment, directory: directory)
    try runner.closeInput()
    let exit = try await runner.exit(timeout: timeout)
    return (exit, runner.output, runner.errors)
  }
}
