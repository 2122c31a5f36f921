import Foundation
import Testing
import UploadTestSupport

/// A dashboard on which nothing changes writes nothing to its terminal, however often it takes a snapshot.
@Suite(.serialized) struct DashboardIdleTests {
  /// Wake-ups of the main thread to wait for. While no upload makes progress, every other wake-up takes a snapshot.
  private static let ticks = 24

  @Test func `a dashboard on which nothing changes writes nothing to the terminal`() async throws {
    try await withTemporaryDirectory { directory in
      let terminal = try PseudoTerminal(
        Sluice.path,
        ["--port", "0", "--dir", "uploads"],
        environment: [
          "TERM": "xterm-256color", "LC_ALL": "C.UTF-8", "NO_COLOR": "", "XDG_CONFIG_HOME": directory.file("config"),
        ],
        directory: directory.path,
        width: 120,
        height: 34
      )
      try await eventually("the dashboard") {
        String(decoding: terminal.output, as: UTF8.self).contains("http://127.0.0.1:")
      }
      // A figure may change meanwhile: memory, free space, the minute. It does so rarely, and ticks come twice a second.
      try await eventually("a stretch without a byte", timeout: .seconds(240)) {
        let written = terminal.outputCount
        let before = try Self.sleeps(terminal.processID)
        try await eventually("\(Self.ticks) ticks") { try Self.sleeps(terminal.processID) >= before + Self.ticks }
        return terminal.outputCount == written
      }
      try terminal.send("q")
      #expect(try await terminal.exit() == .status(0))
    }
  }

  /// How often the main thread has gone to sleep.
  private static func sleeps(_ process: Int32) throws -> Int {
    let status = try String(contentsOfFile: "/proc/\(process)/status", encoding: .utf8)
    let line = try #require(status.split(separator: "\n").first { $0.hasPrefix("voluntary_ctxt_switches:") })
    return try #require(line.split(separator: "\t").last.flatMap { Int($0) })
  }
}
