import Glibc
import Testing
import UploadTestSupport

/// What `sluice send` shows on a terminal.
@Suite struct SendTerminalTests {
  /// Runs it to its end, and returns all that it sent to the screen.
  private func screen(_ arguments: [String], term: String = "xterm", height: Int = 24) async throws -> String {
    let environment = ["TERM": term, "LANG": "C.UTF-8"]
    let terminal = try PseudoTerminal(Sluice.path, arguments, environment: environment, width: 100, height: height)
    _ = try await terminal.exit()
    return String(decoding: terminal.output, as: UTF8.self)
  }

  @Test func `a dumb terminal gets plain output lines without control sequences`() async throws {
    try await withServer { server in
      let path = try server.scratch.random(1000, to: "f")
      let sent = try await screen(["send", path, "--to", server.url], term: "dumb")
      #expect(sent.contains("outgoing stream \"f\" sent"), "\(sent)")
      #expect(!sent.contains("\u{1B}"))
      let sample = try await screen(["sample", server.scratch.file("s"), "--size", "3MB"], term: "dumb")
      #expect(sample.contains("3000000 bytes") && !sample.contains("\u{1B}"), "\(sample)")
    }
  }

  /// A pause is a random part of 1, 2, 4 and 8 s: all may be too short to be drawn only in theory.
  @Test func `the reason for a retry is shown, and failures stay on the screen`() async throws {
    try await withTemporaryDirectory { directory in
      let path = try directory.random(10, to: "f")
      let held = try HeldPort()
      let port = held.number
      let screen = try await screen(["send", "--retry", "4", path, "--to", "http://127.0.0.1:\(port)"])
      #expect(screen.contains(/f  attempt [2-5] in [0-9] s: No server listens at 127.0.0.1:[0-9]+/), "\(screen)")
      #expect(screen.contains("failed: No server listens"))
    }
  }

  /// What scrolls out above cannot be drawn over.
  @Test func `live progress is never taller than the terminal`() async throws {
    try await withTemporaryDirectory { directory in
      let paths = try (0..<10).map { try directory.random(10, to: "f\($0)") }
      let held = try HeldPort()
      let url = "http://127.0.0.1:\(held.number)"
      let screen = try await screen(["send", "--retry", "1", "--jobs", "10", "--to", url] + paths, height: 5)
      let heights = screen.matches(of: /\u{1B}\[([0-9]+)A/).compactMap { Int($0.output.1) }
      #expect(heights.max() == 4, "\(screen)")
    }
  }

  @Test func `send reports standard input without data as a stall caused by the input`() async throws {
    try await withServer { server in
      let process = try Sluice.start(["send", "-", "--json", "--stall-after", "200ms", "--to", server.url])
      // On a busy machine it may have waited for the server first.
      _ = try await process.line { $0.contains("\"stalled\"") && $0.contains("\"cause\":\"input\"") }
      process.closeInput()
      #expect(try await process.exit() == .status(0))
    }
  }

  @Test func `failures of a directory are shown once`() async throws {
    try await withServer(["--on-duplicate", "error"]) { server in
      try await server.scratch.script("mkdir -p tree && printf 1 > tree/clash && printf 2 > tree/fine")
      try await server.uploads.script("mkdir tree && printf 3 > tree/clash")
      let shown = try await screen(["send", "--to", server.url, server.scratch.file("tree")])
      #expect(shown.matches(of: /exists already/).count == 1, "\(shown)")
      #expect(shown.contains("1 failed, see above"), "\(shown)")
    }
  }
}
