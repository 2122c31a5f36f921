import Foundation
import Glibc
import Testing
import UploadTestSupport

/// Every signal has the effect that example/README.md lists, in `serve`, `send` and the dashboard.
@Suite(.curl) struct SignalEffectTests {
  /// Those that mean nothing to any command.
  private static let ignored = [
    SIGPIPE, SIGXFSZ, SIGUSR1, SIGUSR2, SIGALRM, SIGVTALRM, SIGPROF, SIGIO, SIGPWR, SIGWINCH,
  ]
  private static let faults = [SIGABRT, SIGSEGV, SIGBUS, SIGILL, SIGTRAP, SIGFPE]
  /// The last one stands for the real-time signals.
  private static let fatal = faults + [SIGQUIT, SIGSYS, SIGXCPU, SIGSTKFLT, 40]

  @Test(arguments: fatal)
  func `a fatal signal ends a server at once, and the running upload stores nothing`(signal: Int32) async throws {
    try await withServer(stops: false) { server in
      let socket = try Socket(port: server.port)
      try await socket.send(RequestHead.bytes("PUT", "/half", ["Content-Length: 900000"]) + [1])
      try await server.events { $0.event == "started" }
      server.process.signal(signal)
      #expect(try await server.process.exit(timeout: .seconds(30)) == .signal(signal))
      #expect(try server.uploads.names() == [])
      withExtendedLifetime(socket) {}
    }
  }

  @Test(arguments: fatal) func `a fatal signal ends send at once`(signal: Int32) async throws {
    try await withServer { server in
      let process = try Sluice.start(["send", "-", "--no-resume", "--name", "x", "--to", server.url])
      try process.send([1, 2, 3])
      _ = try await process.line { $0.contains("started") }
      try await server.events { $0.event == "started" }
      process.signal(signal)
      #expect(try await process.exit(timeout: .seconds(30)) == .signal(signal))
      // Its kernel ends the connection with FIN, or with RST when data was not sent yet.
      let failures = try await server.events { $0.event == "failed" }
      #expect(["incomplete", "clientGone"].contains(failures.first?.error?.code), "\(failures)")
    }
  }

  /// What a command has made is removed before it ends.
  @Test func `SIGQUIT ends a headless run, which leaves no file`() async throws {
    try await withTemporaryDirectory { directory in
      let process = try Sluice.start(["headless", "--size", "1GiB"], environment: ["TMPDIR": directory.path])
      _ = try await process.line { $0.contains("\"event\":\"progress\"") }
      process.signal(SIGQUIT)
      #expect(try await process.exit() == .signal(SIGQUIT))
      #expect(try directory.names() == [])
    }
  }

  @Test func `signals that mean nothing to a server do not disturb a running upload`() async throws {
    try await withServer { server in
      let socket = try Socket(port: server.port)
      try await socket.send(RequestHead.bytes("PUT", "/a", ["Content-Length: 3"]) + [1])
      try await server.events { $0.event == "started" }
      for signal in Self.ignored { server.process.signal(signal) }
      try await socket.send([2, 3])
      #expect(try await socket.receiveResponses().first?.status == 201)
      #expect(try server.uploads.read("a") == [1, 2, 3])
    }
  }

  @Test func `a file over ulimit -f gets 413, and the server stores the next file`() async throws {
    try await withServer(prefix: ["sh", "-c", "ulimit -f 64; shift; exec \"$@\"", "sh"]) { server in
      let large = try server.scratch.random(1_000_000, to: "large")
      #expect(try await Curl.run(["-T", large, "\(server.url)/large"]).isRejection(413))
      let small = try server.scratch.random(1000, to: "small")
      #expect(try await Curl.run(["-T", small, "\(server.url)/small"]).isStored("small", size: 1000))
      #expect(try server.uploads.names() == ["small"])
    }
  }

  @Test func `the upload of the send command continues after signals that the command ignores`() async throws {
    try await withServer { server in
      let process = try Sluice.start(["send", "-", "--name", "x", "--to", server.url])
      try process.send([1, 2])
      _ = try await process.line { $0.contains("started") }
      for signal in Self.ignored { process.signal(signal) }
      try process.send([3])
      process.closeInput()
      #expect(try await process.exit() == .status(0))
      #expect(try server.uploads.read("x") == [1, 2, 3])
    }
  }

  @Test(arguments: [SIGTERM, SIGHUP])
  func `SIGTERM and SIGHUP cancel the upload of send, which exits with 1`(signal: Int32) async throws {
    try await withServer { server in
      let process = try Sluice.start(["send", "-", "--json", "--name", "x", "--to", server.url])
      try process.send([1, 2, 3])
      _ = try await process.line { $0.contains("started") }
      process.signal(signal)
      #expect(try await process.exit() == .status(1))
      #expect(try EventLine.decode(process.output).last?.uploads?.map(\.verdict) == ["cancelled"])
    }
  }

  @Test(.tmux) func `Ctrl-Z suspends a server and fg continues it`() async throws {
    try await withTmux { tmux in
      try await tmux.command("clear; \(Sluice.path) serve --port 0 --dir uploads")
      try await tmux.shows("the address") { $0.contains("http://127.0.0.1:") }
      try await tmux.press("C-z")
      #expect(try await tmux.prompts().contains("Stopped"))
      try await tmux.command("fg")
      let path = try tmux.scratch.random(1000, to: "f")
      #expect(try await Curl.run(["-T", path, "http://127.0.0.1:\(try await tmux.port)/f"]).isStored("f", size: 1000))
      try await tmux.press("C-c")
      try await tmux.prompts()
    }
  }

  @Test(.tmux) func `Ctrl-Z suspends send and fg continues it`() async throws {
    try await withServer { server in
      try await withTmux { tmux in
        // The shell's own descriptor keeps the pipe open while the sender is stopped.
        let send = "clear; mkfifo p; exec 9<>p; \(Sluice.path) send - --name x --to \(server.url) <p 9>&-"
        try await tmux.command(send + "; echo \"status=$?\"")
        try await server.events { $0.event == "started" }
        try await tmux.press("C-z")
        #expect(try await tmux.prompts().contains("Stopped"))
        try await tmux.command("echo abc >&9; exec 9>&-; fg; echo \"now=$?\"")
        try await tmux.shows("now=0")
        #expect(try server.uploads.read("x") == Array("abc\n".utf8))
      }
    }
  }

  @Test(.tmux) func `signals that mean nothing to the dashboard do not disturb it`() async throws {
    try await withTmux { tmux in
      try await tmux.startDashboard()
      for signal in Self.ignored { kill(try tmux.processID, signal) }
      try await tmux.press("?")
      try await tmux.shows("previous upload")
      try await tmux.press("C-c")
      try await tmux.press("q")
      try await tmux.ends()
    }
  }

  @Test(.tmux, arguments: faults) func `a crash of the dashboard restores the terminal`(signal: Int32) async throws {
    try await withTmux { tmux in
      try await tmux.startDashboard()
      kill(try tmux.processID, signal)
      try await tmux.ends(128 + signal)
    }
  }

  /// Daemons reload by SIGHUP, but a server that was started in a terminal must not outlive it unseen.
  @Test(.tmux) func `a server that was started in a terminal stops when the terminal is closed`() async throws {
    try await withTmux { tmux in
      let start = "sh -c 'echo $$ >pid; exec \"$0\" \"$@\"' \(Sluice.path) serve --port 0 --dir uploads"
      // Nothing of it is the terminal's, but the session.
      try await tmux.command("\(start) </dev/null >out 2>&1")
      try await eventually("the server") { try tmux.scratch.names().contains("uploads") }
      let process = try tmux.processID
      try await tmux.lose()
      try await eventually("the end of the process") { kill(process, 0) != 0 }
    }
  }
}
