import Foundation
import UploadTestSupport

/// The program under test: the built binary, as a user runs it.
enum Sluice {
  /// Where it is: `SLUICE_BINARY`, else the product beside the test bundle, else the debug build of this package.
  static let path: String = {
    if let path = ProcessInfo.processInfo.environment["SLUICE_BINARY"], !path.isEmpty { return path }
    return BuiltProgram.path("sluice")
  }()

  /// Where `send` remembers unfinished uploads unless a test says otherwise: not in the home of who runs the tests.
  private static let state = "\(BuiltProgram.package)/.build/test-state"

  /// The root of the package.
  static let package = BuiltProgram.package

  /// Starts it. Variables of this process that mean something to it, such as proxies, are left out.
  static func start(
    _ arguments: [String],
    environment: [String: String] = [:],
    directory: String? = nil
  ) throws -> ProcessRunner {
    var environment = environment
    for name in ProcessInfo.processInfo.environment.keys where environment[name] == nil {
      if name.hasPrefix("SLUICE_") || name.lowercased().hasSuffix("_proxy") { environment[name] = "" }
    }
    environment["XDG_STATE_HOME"] = environment["XDG_STATE_HOME"] ?? state
    return try ProcessRunner(path, arguments, environment: environment, directory: directory)
  }

  /// Runs it to its end.
  /// - Parameter input: what it finds on standard input.
  static func run(
    _ arguments: [String],
    input: [UInt8] = [],
    environment: [String: String] = [:],
    directory: String? = nil
  ) async throws -> Ended {
    let runner = try start(arguments, environment: environment, directory: directory)
    if !input.isEmpty { try runner.send(input) }
    runner.closeInput()
    let exit = try await runner.exit()
    return Ended(exit: exit, output: runner.output, errors: runner.errors)
  }

  /// Runs `send` for a file of `size` bytes to a server that accepts one connection and hands it to `serve`.
  /// - Parameters:
  ///   - options: for `send`.
  ///   - path: of the URL that the file is sent to.
  static func send(
    _ options: [String] = [],
    size: Int,
    to path: String = "",
    serve: @Sendable (Socket) async throws -> Void
  ) async throws -> Ended {
    try await withTemporaryDirectory { directory in
      let (listener, port) = try Socket.listening()
      let file = try directory.random(size, to: "f.bin")
      async let ended = run(["send", "--to", "http://127.0.0.1:\(port)\(path)", file] + options)
      // Not kept in a variable: what `serve` leaves is closed.
      try await serve(try await listener.accept())
      return try await ended
    }
  }

  /// What a run left behind.
  struct Ended {
    let exit: ProcessRunner.Exit
    let output: String
    let errors: String

    /// Its lines of JSON.
    var events: [EventLine] {
      get throws { try EventLine.decode(output) }
    }
  }
}
