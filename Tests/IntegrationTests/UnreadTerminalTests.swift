import Foundation
import Glibc
import Testing
import UploadTestSupport

/// A dashboard on a terminal that accepts no output, such as a stalled connection, stops by signals as any other.
@Suite(.curl) struct UnreadTerminalTests {
  /// A dashboard whose main thread is blocked in drawing.
  private func withBlockedDashboard(_ body: (PseudoTerminal, _ port: Int) async throws -> Void) async throws {
    try await withTemporaryDirectory { directory in
      let port = try HeldPort()
      let url = "http://127.0.0.1:\(port.number)"
      let terminal = try PseudoTerminal(
        Sluice.path,
        ["--port", "\(port.number)", "--dir", "uploads"],
        environment: ["TERM": "xterm-256color", "XDG_CONFIG_HOME": directory.path, "XDG_STATE_HOME": directory.path],
        directory: directory.path,
        width: 120,
        height: 34,
        isRead: false
      )
      try await eventually("the server") { try await Curl.run(["\(url)/healthz"]).status == 200 }
      let file = try directory.random(1000, to: "f")
      var count = 0
      try await eventually("a blocked main thread") {
        // Each upload changes the screen.
        count += 1
        _ = try await Curl.run(["-T", file, "\(url)/\(count)"])
        let channel = try String(contentsOfFile: "/proc/\(terminal.processID)/wchan", encoding: .utf8)
        return terminal.isFull && channel != "0" && !channel.contains("poll")
      }
      try await body(terminal, port.number)
    }
  }

  @Test(arguments: [SIGTERM, SIGHUP])
  func `a signal stops a dashboard whose terminal is not read`(signal: Int32) async throws {
    try await withBlockedDashboard { terminal, _ in
      kill(terminal.processID, signal)
      let exit = try await terminal.exit(timeout: .seconds(60))
      #expect(exit == .status(0))
    }
  }

  @Test func `a second SIGTERM ends a dashboard with a running upload whose terminal is not read`() async throws {
    try await withBlockedDashboard { terminal, port in
      let socket = try Socket(port: port)
      try await socket.send(RequestHead.bytes("PUT", "/half", ["Content-Length: 900000"]) + [1])
      kill(terminal.processID, SIGTERM)
      try await eventually("the end of new uploads") {
        try await Curl.run(["http://127.0.0.1:\(port)/healthz"]).status != 200
      }
      kill(terminal.processID, SIGTERM)
      // Without the second one, the upload would get the default grace.
      let exit = try await terminal.exit(timeout: .seconds(20))
      #expect(exit == .status(0))
      withExtendedLifetime(socket) {}
    }
  }
}
