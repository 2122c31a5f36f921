import Glibc
import Testing
import UploadTestSupport

/// One of several servers that run on the same directory one after the other.
struct RestartedServer: Sendable {
  let process: ProcessRunner
  let port: Int

  /// Starts one.
  /// - Parameter port: 0 for a free one.
  static func start(in directory: String, port: Int = 0, options: [String] = []) async throws -> RestartedServer {
    let fixed = ["serve", "--json", "--interval", "50ms", "--port", "\(port)", "--dir", directory, "--min-free", "0"]
    let process = try Sluice.start(fixed + options)
    let line = try await process.line { $0.contains("\"event\":\"listening\"") }
    let listening = try #require(try EventLine.decode(line).first)
    return RestartedServer(process: process, port: try #require(Int(listening.url?.split(separator: ":").last ?? "")))
  }

  /// Kills it, and waits for its end.
  func kill() async throws {
    process.signal(SIGKILL)
    #expect(try await process.exit() == .signal(SIGKILL))
  }

  /// Stops it as a service manager does, and waits for its end.
  func stop() async throws {
    process.signal(SIGTERM)
    #expect(try await process.exit() == .status(0), "\(process.errors)")
  }

  /// Waits until an upload has received at least so many bytes of its file.
  func received(_ bytes: Int) async throws {
    try await eventually("\(bytes) bytes") {
      try EventLine.decode(process.output).contains { $0.event == "progress" && $0.bytes ?? 0 >= UInt64(bytes) }
    }
  }
}
