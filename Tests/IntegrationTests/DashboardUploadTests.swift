import Glibc
import Testing
import UploadTestSupport

/// The dashboard in a real terminal while uploads run.
@Suite(.tmux) struct DashboardUploadTests {
  /// Begins an upload that does not come to its end, and waits until the dashboard shows it.
  private func begin(_ tmux: Tmux, name: String = "half.bin") async throws -> Socket {
    let socket = try Socket(port: try await tmux.port)
    try await socket.send("PUT /\(name) HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9000000\r\n\r\n")
    try await socket.send([UInt8](repeating: 7, count: 3 << 20))
    try await tmux.shows("the upload") { $0.contains(name) && $0.contains("1 active") }
    return socket
  }

  @Test func `a file on the command line is sent to the own server at once`() async throws {
    try await withTmux { tmux in
      let path = try tmux.scratch.random(3 << 20, to: "given.bin")
      try await tmux.startDashboard("", "given.bin")
      try await tmux.shows("both ends") { $0.matches(of: /given.bin +(stored|sent)/).count == 2 }
      try await tmux.press("q")
      let screen = try await tmux.ends()
      #expect(screen.contains("1 upload stored, 1 sent.\n"))
      #expect(try Digest.ofFile(tmux.scratch.file("uploads/given.bin")) == Digest.ofFile(path))
    }
  }

  @Test func `an incoming upload that the user cancels gets 403 and stores nothing`() async throws {
    try await withTmux { tmux in
      try await tmux.startDashboard()
      let socket = try await begin(tmux)
      try await tmux.press("x")
      try await tmux.shows("Cancel this upload?")
      try await tmux.press("y")
      let response = try await socket.receiveHead()
      #expect(response.hasPrefix("HTTP/1.1 403 "))
      try await tmux.shows("cancelled")
      try await tmux.press("q")
      #expect(try await tmux.ends().contains("1 upload cancelled.\n"))
      #expect(try TemporaryDirectory(inside: tmux.scratch.file("uploads")).names() == [])
    }
  }

  @Test func `quitting while an upload runs asks first and leaves no partial file`() async throws {
    try await withTmux { tmux in
      try await tmux.startDashboard()
      let socket = try await begin(tmux)
      try await tmux.press("q")
      try await tmux.shows("1 upload is still running.")
      try await tmux.press("n")
      try await tmux.shows("no question") { !$0.contains("still running") }
      try await tmux.press("q")
      try await tmux.shows("1 upload is still running.")
      try await tmux.press("y")
      #expect(try await tmux.ends().contains("1 upload cancelled.\n"))
      #expect(try TemporaryDirectory(inside: tmux.scratch.file("uploads")).names() == [])
      let response = try await socket.receiveHead()
      #expect(response.hasPrefix("HTTP/1.1 503 ") && response.contains("\r\nRetry-After: "), "\(response)")
    }
  }

  @Test func `send --no-resume retries at the server that follows a dashboard that was quit`() async throws {
    try await withTmux { tmux in
      try await tmux.startDashboard()
      let port = try await tmux.port
      let file = try tmux.scratch.random(12 << 20, to: "sent.bin")
      let url = "http://127.0.0.1:\(port)"
      let sending = try Sluice.start(["send", "--no-resume", "--limit-rate", "1MiB/s", "--to", url, file])
      try await tmux.shows("the upload") { $0.contains("sent.bin") && $0.contains("1 active") }
      try await tmux.press("q")
      try await tmux.shows("1 upload is still running.")
      try await tmux.press("y")
      try await tmux.ends()
      let uploads = tmux.scratch.file("next")
      let server = try Sluice.start(["serve", "--json", "--port", "\(port)", "--dir", uploads])
      #expect(try await sending.exit(timeout: .seconds(90)) == .status(0), "\(sending.errors)")
      server.signal(SIGINT)
      #expect(try await server.exit() == .status(0))
      #expect(try Digest.ofFile(uploads + "/sent.bin") == Digest.ofFile(file))
    }
  }

  @Test func `a second Ctrl-C quits without a question while an upload is running`() async throws {
    try await withTmux { tmux in
      try await tmux.startDashboard()
      let socket = try await begin(tmux)
      try await tmux.press("C-c")
      try await tmux.shows("Quit?")
      try await tmux.press("C-c")
      try await tmux.ends()
      #expect(try TemporaryDirectory(inside: tmux.scratch.file("uploads")).names() == [])
      withExtendedLifetime(socket) {}
    }
  }

  @Test func `SIGTERM ends the dashboard after the running upload has finished`() async throws {
    try await withTmux { tmux in
      try await tmux.startDashboard()
      let socket = try await begin(tmux)
      kill(try tmux.processID, SIGTERM)
      try await tmux.shows("topping")
      try await socket.send([UInt8](repeating: 7, count: 9_000_000 - (3 << 20)))
      #expect(try await socket.receiveHead().hasPrefix("HTTP/1.1 201 "))
      #expect(try await tmux.ends().contains("1 upload stored.\n"))
      #expect(try TemporaryDirectory(inside: tmux.scratch.file("uploads")).names() == ["half.bin"])
    }
  }

  @Test func `a second SIGTERM ends the dashboard at once and stores no partial file`() async throws {
    try await withTmux { tmux in
      try await tmux.startDashboard()
      let socket = try await begin(tmux)
      kill(try tmux.processID, SIGTERM)
      try await tmux.shows("topping")
      kill(try tmux.processID, SIGTERM)
      try await tmux.ends()
      #expect(try TemporaryDirectory(inside: tmux.scratch.file("uploads")).names().filter { !$0.hasPrefix(".") } == [])
      withExtendedLifetime(socket) {}
    }
  }

  @Test func `settings are saved and restored at the next start`() async throws {
    try await withTmux { tmux in
      try await tmux.startDashboard()
      try await tmux.press("m")
      try await tmux.shows("multipart")
      try await tmux.press("d")
      try await tmux.shows("1 row for each upload")
      try await tmux.press("q")
      try await tmux.ends()
      let text = String(decoding: try tmux.scratch.read("config/sluice/config.json"), as: UTF8.self)
      #expect(text.contains(#""mode":"multipart""#) && text.contains(#""density":"1""#), "\(text)")
      try await tmux.startDashboard()
      try await tmux.shows("next: multipart")
      try await tmux.press("q")
      try await tmux.ends()
    }
  }
}
