import Foundation
import Glibc
import Testing
import UploadTestSupport

/// The dashboard in a real terminal: it comes up, it ends, and whatever ends it, the terminal is as it was before.
@Suite(.tmux) struct DashboardTerminalTests {
  @Test(arguments: [
    "TERM=xterm-256color", "TERM=tmux-256color", "TERM=linux", "TERM=vt100", "LANG=C", "LANG=C NO_COLOR=1 TERM=vt100",
    "NO_COLOR=1",
  ])
  func `the dashboard starts and quits with several values of TERM, LANG, NO_COLOR`(environment: String) async throws {
    try await withTmux { tmux in
      try await tmux.startDashboard(environment)
      // Terminals of these two types have no second screen.
      let hasScreens = !environment.contains("linux") && !environment.contains("vt100")
      #expect(try await tmux.modes.isAlternate == hasScreens)
      try await tmux.press("q")
      let screen = try await tmux.ends()
      #expect(screen.contains("No uploads.\n"))
      #expect(try tmux.scratch.directoryExists("uploads"))
    }
  }

  @Test(arguments: [SIGTERM, SIGINT, SIGHUP, SIGQUIT])
  func `a termination signal ends the dashboard and restores the terminal`(signal: Int32) async throws {
    try await withTmux { tmux in
      try await tmux.startDashboard()
      kill(try tmux.processID, signal)
      try await tmux.ends()
    }
  }

  @Test func `the dark and the light theme paint the background of every row`() async throws {
    try await withTmux(width: 80, height: 24) { tmux in
      try await tmux.startDashboard("TERM=tmux-256color")
      for (theme, background) in [("dark", "48;5;233"), ("light", "48;5;231")] {
        // Every row begins in the theme's own colours.
        try await eventually("the \(theme) theme") {
          let rows = try await tmux.styledScreen.split(separator: "\n", omittingEmptySubsequences: false).prefix(24)
          return rows.count == 24 && rows.first?.contains(background) == true && !rows.contains { $0.contains("49m") }
        }
        if theme == "dark" { try await tmux.press("t") }
      }
      try await tmux.press("q")
      try await tmux.ends()
    }
  }

  @Test func `Ctrl-C quits the dashboard while no upload is running`() async throws {
    try await withTmux { tmux in
      try await tmux.startDashboard()
      try await tmux.press("C-c")
      try await tmux.ends()
    }
  }

  @Test func `Ctrl-Z restores the terminal, and fg shows the dashboard again`() async throws {
    try await withTmux { tmux in
      try await tmux.startDashboard()
      try await tmux.press("M")
      try await eventually("the mouse") { try await tmux.modes.hasMouse }
      try await tmux.press("C-z")
      #expect(try await tmux.prompts().contains("Stopped"))
      #expect(try await tmux.modes == .restored)
      // The window changes while the dashboard is suspended.
      try await tmux.resize(80, 20)
      try await tmux.command("fg; echo \"status=$?\"; stty -g >after")
      try await tmux.shows("the dashboard") { $0.contains("Incoming") && $0.contains("http://127.0.0.1:") }
      let modes = try await tmux.modes
      #expect(modes.isAlternate && modes.hasMouse)
      try await tmux.press("?")
      try await tmux.shows("previous upload")
      try await tmux.press("C-c")
      try await tmux.press("q")
      try await tmux.ends()
    }
  }

  @Test func `after SIGSTOP and fg the dashboard redraws the screen`() async throws {
    try await withTmux { tmux in
      try await tmux.startDashboard()
      kill(try tmux.processID, SIGSTOP)
      try await tmux.shows("ready>")
      try await tmux.type("fg; echo \"status=$?\"; stty -g >after")
      // The terminal is still in the dashboard's raw mode, where Enter does not submit the command.
      try await tmux.press("C-j")
      try await tmux.shows("the dashboard") { $0.contains("Incoming") && !$0.contains("ready>") }
      try await tmux.press("q")
      try await tmux.ends()
    }
  }

  @Test func `the dashboard adapts to each new size of its window, down to one cell`() async throws {
    try await withTmux { tmux in
      try await tmux.startDashboard()
      for (width, height) in [(60, 30), (120, 34), (30, 5), (1, 1), (100, 30)] {
        try await tmux.resize(width, height)
        try await tmux.shows("\(width)x\(height)") { screen in
          let rows = screen.split(separator: "\n", omittingEmptySubsequences: false).dropLast()
          guard rows.count == height else { return false }
          switch width {
          // The panes' upper border reaches to the right edge.
          case 60...: return rows.contains { $0.contains("Incoming") && $0.last != " " && $0.count == width }
          // The address has a line of its own there.
          case 30: return rows.contains { $0.hasPrefix("http://127.0.0.1:") }
          // Nothing can be told from one cell; that it lives the next size tells.
          default: return true
          }
        }
      }
      try await tmux.press("q")
      try await tmux.ends()
    }
  }

  @Test(arguments: [SIGSEGV, SIGABRT, SIGILL])
  func `a crash restores the terminal, shows standard error and exits by the signal`(signal: Int32) async throws {
    try await withTmux { tmux in
      try await tmux.startDashboard()
      try await tmux.press("M")
      try await eventually("the mouse") { try await tmux.modes.hasMouse }
      let process = try tmux.processID
      // Standard error is captured while the screen is up. The reason for a crash is written there just before it.
      let errors = try #require(FileHandle(forWritingAtPath: "/proc/\(process)/fd/\(STDERR_FILENO)"))
      try errors.seekToEnd()
      try errors.write(contentsOf: Data("the reason for the crash\n".utf8))
      try errors.close()
      kill(process, signal)
      let screen = try await tmux.shows("status=\(128 + signal)\n")
      #expect(screen.contains("the reason for the crash\n"), "\(screen)")
      #expect(!screen.contains("Incoming"), "\(screen)")
      try await tmux.expectRestored()
    }
  }

  @Test func `the dashboard ends when its terminal is closed`() async throws {
    try await withTmux { tmux in
      try await tmux.startDashboard()
      let process = try tmux.processID
      try await tmux.lose()
      try await eventually("the end of the process") { kill(process, 0) != 0 }
    }
  }

  @Test(arguments: [
    ("TERM=dumb", "cannot show a screen"), ("TERM=nonsense", "Unknown terminal type \"nonsense\""),
    ("-u TERM", "TERM is not set"),
    ("TERM=", "TERM is not set"),
  ])
  func `with an unusable TERM the dashboard exits with 64 and a hint`(environment: String, words: String) async throws {
    try await withTmux { tmux in
      try await tmux.command("env \(environment) \(Sluice.path) --port 0 --dir uploads; echo \"status=$?\"")
      let screen = try await tmux.shows("status=64\n")
      let text = screen.filter { $0 != "\n" }
      #expect(text.contains(words), "\(screen)")
      for way in ["--plain", "sluice serve", "sluice headless"] { #expect(text.contains(way), "\(screen)") }
      #expect(try !tmux.scratch.directoryExists("uploads"))
    }
  }

  @Test func `a port in use exits with 2 before the screen is initialized`() async throws {
    try await withServer { server in
      try await withTmux { tmux in
        try await tmux.command("\(Sluice.path) --port \(server.port) --dir uploads; echo \"status=$?\"")
        let screen = try await tmux.shows("status=2\n")
        #expect(screen.contains("sluice: Cannot listen: port \(server.port)"))
        #expect(try await tmux.modes == .restored)
      }
    }
  }
}

extension TemporaryDirectory {
  fileprivate func directoryExists(_ name: String) throws -> Bool {
    try names().contains(name)
  }
}
