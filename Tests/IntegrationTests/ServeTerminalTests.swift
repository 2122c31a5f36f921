import Foundation
import Glibc
import Testing
import UploadTestSupport

/// What `sluice serve` shows on a terminal.
@Suite(.tmux) struct ServeTerminalTests {
  /// Has the shell in a tmux window start a server; returns its port once it listens.
  private func start(_ tmux: Tmux, _ environment: String = "", _ arguments: String = "") async throws -> Int {
    try await tmux.command(
      "clear; env \(environment) sh -c 'echo $$ >pid; exec \"$0\" \"$@\"' \(Sluice.path) serve --port 0 --dir up \(arguments); "
        + "echo \"status=$?\""
    )
    try await tmux.shows("the link") { $0.contains("open http://127.0.0.1:") }
    return try await tmux.port
  }

  /// Begins an upload of 9 MB that does not come to its end.
  private func begin(_ port: Int, _ name: String) async throws -> Socket {
    let socket = try Socket(port: port)
    try await socket.send("PUT /\(name) HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9000000\r\n\r\n")
    try await socket.send([UInt8](repeating: 7, count: 3 << 20))
    return socket
  }

  private func finish(_ socket: Socket) async throws {
    try await socket.send([UInt8](repeating: 7, count: 9_000_000 - (3 << 20)))
    #expect(try await socket.receiveHead().hasPrefix("HTTP/1.1 201 "))
  }

  @Test func `active uploads have progress lines, below lines with the time of day for what happened`() async throws {
    try await withTmux(width: 100, height: 20) { tmux in
      let port = try await start(tmux, "", "--stall-after 300ms --idle-timeout 10m")
      let firstSocket = try await begin(port, "first.bin")
      let secondSocket = try await begin(port, "second.bin")
      let shown = try await tmux.shows("both") { $0.contains("2 active, ") && $0.contains("2 stalled") }
      #expect(Self.hasStalledLine(shown), "\(shown)")
      #expect(!shown.contains("started"))
      // They are in the order in which the server has begun them.
      let rows = Self.progressRows(shown)
      #expect(rows.count == 3, "\(shown)")
      #expect(Set(rows.prefix(2).map { $0.prefix(5) }) == ["first", "secon"], "\(shown)")
      #expect(rows.last?.hasPrefix("2 active, ") == true, "\(shown)")
      try await finish(firstSocket)
      let after = try await tmux.shows("the end") { $0.contains("\"first.bin\" stored, 8.") }
      #expect(Self.hasResumedLine(after), "\(after)")
      #expect(!after.contains("\nfirst.bin  ") && after.contains("\nsecond.bin  "), "\(after)")
      try await finish(secondSocket)
      let last = try await tmux.shows("an empty block") {
        $0.contains("\"second.bin\" stored") && !$0.contains("\nsecond.bin  ")
      }
      #expect(!last.contains(" active, "), "\(last)")
      try await tmux.press("C-c")
      try await tmux.shows("status=0")
    }
  }

  private static func hasStalledLine(_ screen: String) -> Bool {
    screen.contains(/\n\d\d:\d\d:\d\d incoming stream "first.bin" stalled for .*: waiting for the client\n/)
  }

  private static func hasResumedLine(_ screen: String) -> Bool {
    screen.contains(/\n\d\d:\d\d:\d\d incoming stream "first.bin" resumed after/)
  }

  /// The rows of two stalled uploads of 34 %, and the one below them.
  private static func progressRows(_ screen: String) -> [String] {
    let rows = screen.split(separator: "\n").map(String.init)
    let progress = rows.enumerated().filter { _, row in
      (row.hasPrefix("first.bin  ") || row.hasPrefix("second.bin  "))
        && ["34%", "stalled", "client"].allSatisfy { row.contains($0) }
    }
    guard let last = progress.last?.offset else { return [] }
    return progress.map(\.element) + rows[(last + 1)...].prefix(1)
  }

  @Test func `a rejected request has a line, and messages of the log do not disturb the progress`() async throws {
    try await withTmux(width: 100, height: 20) { tmux in
      let port = try await start(tmux, "", "--max-size 9MB --idle-timeout 10m --log-level info")
      let socket = try await begin(port, "kept.bin")
      try await tmux.shows("\nkept.bin  ")
      let large = try Socket(port: port)
      try await large.send("PUT /large HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10000000\r\n\r\n")
      _ = try await large.receiveHead()
      let shown = try await tmux.shows("the log") { $0.contains("request rejected") && $0.contains("\nkept.bin  ") }
      #expect(shown.contains(#/\d\d:\d\d:\d\d rejected PUT /large from 127.0.0.1 with 413: /#), "\(shown)")
      // Nothing of an earlier progress line remains.
      #expect(shown.components(separatedBy: "kept.bin  ").count == 2, "\(shown)")
      try await finish(socket)
      try await tmux.shows("\"kept.bin\" stored")
      try await tmux.press("C-c")
      try await tmux.shows("status=0")
    }
  }

  @Test func `progress follows the size of the terminal`() async throws {
    try await withTmux(width: 100, height: 20) { tmux in
      let port = try await start(tmux, "", "--idle-timeout 10m --stall-after 10m")
      var sockets: [Socket] = []
      for number in 0..<3 { sockets.append(try await begin(port, "file\(number).bin")) }
      try await tmux.shows("three progress lines") { $0.contains("3 active, ") }
      for (width, height) in [(40, 20), (30, 16), (120, 12), (60, 12), (100, 24)] {
        try await tmux.resize(width, height)
        // Uploads that move are drawn again.
        for socket in sockets { try await socket.send([7]) }
        // Rows that tmux has moved into its history while it broke them come back above.
        try await tmux.shows("all progress lines at \(width) by \(height)") { screen in
          let rows = screen.split(separator: "\n")
          let last = rows.suffix(4).map { String($0.prefix(5)) }
          // In the order in which the server has begun them.
          return last.prefix(3).sorted() == ["file0", "file1", "file2"] && last.last == "3 act"
            && rows.count { $0.contains("3 active") } == 1
            && rows.allSatisfy { $0.count <= width }
        }
      }
      for (width, height) in [(20, 3), (12, 2), (200, 50)] {
        try await tmux.resize(width, height)
        for socket in sockets { try await socket.send([7]) }
        try await tmux.shows("progress at \(width) by \(height)") { $0.contains("… and ") || $0.contains("3 active") }
      }
      try await tmux.press("C-c")
      try await tmux.shows("Stopping: running uploads may finish")
      // A second request counts from half a second on.
      try await Task.sleep(for: .milliseconds(600))
      try await tmux.press("C-c")
      let end = try await tmux.shows("status=0")
      #expect(!end.contains("3 active"), "\(end)")
      withExtendedLifetime(sockets) {}
    }
  }

  @Test func `Ctrl-Z clears the progress, and fg draws it again`() async throws {
    try await withTmux(width: 100, height: 20) { tmux in
      let port = try await start(tmux, "", "--idle-timeout 10m")
      let socket = try await begin(port, "a.bin")
      try await tmux.shows("\na.bin  ")
      try await tmux.press("C-z")
      let stopped = try await tmux.shows("the shell") { $0.contains("ready>") && $0.contains("topped") }
      #expect(!stopped.contains("\na.bin  "), "\(stopped)")
      try await tmux.command("clear; fg")
      try await tmux.shows("\na.bin  ")
      try await finish(socket)
      try await tmux.shows("\"a.bin\" stored")
      try await tmux.press("C-c")
      try await tmux.prompts()
    }
  }

  /// Runs a server in a terminal of a test's own until it listens.
  private func terminal(_ environment: [String: String], _ arguments: [String] = [], in directory: TemporaryDirectory)
    async throws -> (PseudoTerminal, Int)
  {
    let terminal = try PseudoTerminal(
      Sluice.path,
      ["serve", "--port", "0", "--dir", directory.file("up"), "--idle-timeout", "10m"] + arguments,
      environment: ["LANG": "C.UTF-8", "LC_ALL": ""].merging(environment) { $1 },
      width: 80,
      height: 24
    )
    var port = 0
    try await eventually("the server") {
      let text = String(decoding: terminal.output, as: UTF8.self)
      port = text.firstMatch(of: /open http:\/\/127.0.0.1:(\d+)\//).flatMap { Int($0.1) } ?? 0
      return port > 0
    }
    return (terminal, port)
  }

  /// A thread that lets SIGTSTP through could get it in place of the main thread, which clears the progress first.
  @Test func `every thread blocks SIGTSTP once progress is drawn`() async throws {
    try await withTemporaryDirectory { directory in
      let (terminal, port) = try await terminal(["TERM": "xterm"], in: directory)
      let socket = try await begin(port, "a.bin")
      try await eventually("the progress") { String(decoding: terminal.output, as: UTF8.self).contains("a.bin  ") }
      let tasks = "/proc/\(terminal.processID)/task"
      for task in try FileManager.default.contentsOfDirectory(atPath: tasks) {
        // A thread may have ended meanwhile.
        guard let status = try? String(contentsOfFile: "\(tasks)/\(task)/status", encoding: .utf8) else { continue }
        let mask = try #require(status.firstMatch(of: /SigBlk:\s*([0-9a-f]+)/).flatMap { UInt64($0.1, radix: 16) })
        #expect(mask & 1 << UInt64(SIGTSTP - 1) != 0, "\(status.prefix { $0 != "\n" })")
      }
      try await finish(socket)
      kill(terminal.processID, SIGTERM)
      #expect(try await terminal.exit() == .status(0))
    }
  }

  @Test(arguments: [
    (["TERM": "dumb"], []), (["TERM": "xterm"], ["--plain"]), (["TERM": "xterm", "SLUICE_PLAIN": "1"], []),
  ])
  func `a dumb terminal and --plain get output lines only`(
    environment: [String: String],
    arguments: [String]
  ) async throws {
    try await withTemporaryDirectory { directory in
      let (terminal, port) = try await terminal(environment, arguments, in: directory)
      let socket = try await begin(port, "a.bin")
      try await finish(socket)
      func text() -> String { String(decoding: terminal.output, as: UTF8.self) }
      try await eventually("the output line") { text().contains("\"a.bin\" stored") }
      kill(terminal.processID, SIGTERM)
      #expect(try await terminal.exit() == .status(0))
      #expect(!text().contains("\u{1B}") && text().contains("\"a.bin\" started"), "\(text())")
    }
  }

  @Test func `an idle server, and one whose uploads do not move, writes nothing`() async throws {
    try await withTemporaryDirectory { directory in
      let (terminal, port) = try await terminal(["TERM": "xterm"], ["--stall-after", "200ms"], in: directory)
      let before = terminal.outputCount
      try await Task.sleep(for: .seconds(2))
      #expect(terminal.outputCount == before, "idle")
      let socket = try await begin(port, "a.bin")
      try await eventually("the stall") { String(decoding: terminal.output, as: UTF8.self).contains("stalled for") }
      // Its memory is released within a second.
      try await Task.sleep(for: .seconds(3))
      let stalled = terminal.outputCount
      try await Task.sleep(for: .seconds(2))
      #expect(terminal.outputCount == stalled, "stalled")
      try await finish(socket)
      kill(terminal.processID, SIGTERM)
      #expect(try await terminal.exit() == .status(0))
    }
  }

  @Test func `without Unicode and without colours the progress is ASCII`() async throws {
    try await withTemporaryDirectory { directory in
      let environment = ["TERM": "xterm", "LANG": "C", "NO_COLOR": "1"]
      let (terminal, port) = try await terminal(environment, in: directory)
      let sockets = [try await begin(port, "a.bin"), try await begin(port, "b.bin")]
      try await eventually("the progress") { String(decoding: terminal.output, as: UTF8.self).contains("2 active") }
      let text = String(decoding: terminal.output, as: UTF8.self)
      #expect(text.utf8.allSatisfy { $0 < 0x80 } && !text.contains("\u{1B}[0m"), "\(text.debugDescription)")
      kill(terminal.processID, SIGKILL)
      withExtendedLifetime(sockets) {}
    }
  }

  /// Ctrl-S stops the terminal's output.
  @Test func `a terminal that accepts no output delays neither uploads nor the end`() async throws {
    try await withTemporaryDirectory { directory in
      let (terminal, port) = try await terminal(["TERM": "xterm"], in: directory)
      try terminal.send("\u{13}")
      for number in 0..<40 {
        let socket = try await begin(port, "f\(number).bin")
        try await finish(socket)
      }
      kill(terminal.processID, SIGTERM)
      #expect(try await terminal.exit(timeout: .seconds(60)) == .status(0))
      #expect(try TemporaryDirectory(inside: directory.file("up")).names().count == 40)
    }
  }

  @Test func `the end of the server by a second Ctrl-C clears the progress`() async throws {
    try await withTemporaryDirectory { directory in
      let (terminal, port) = try await terminal(["TERM": "xterm"], in: directory)
      let socket = try await begin(port, "a.bin")
      func text() -> String { String(decoding: terminal.output, as: UTF8.self) }
      try await eventually("the progress") { text().contains("a.bin  ") }
      try terminal.send("\u{3}")
      try await eventually("the message") { text().contains("Press Ctrl-C again to exit immediately.") }
      try await Task.sleep(for: .milliseconds(600))
      try terminal.send("\u{3}")
      #expect(try await terminal.exit() == .status(0))
      #expect(text().hasSuffix("\r\u{1B}[J"), "\(text().suffix(200).debugDescription)")
      withExtendedLifetime(socket) {}
    }
  }
}
