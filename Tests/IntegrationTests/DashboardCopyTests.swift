import Testing
import UploadTestSupport

/// The keys y and Y of the dashboard in a real terminal.
@Suite(.tmux) struct DashboardCopyTests {
  @Test func `the key y copies the link into the tmux buffer, and a note confirms it`() async throws {
    try await withTmux(width: 80, height: 24) { tmux in
      try await tmux.startDashboard()
      let url = "http://127.0.0.1:\(try await tmux.port)/"
      try await tmux.press("y")
      try await tmux.shows("link copied to tmux: \(url)")
      #expect(try await tmux.pasteBuffer == url)
      try await tmux.press("q")
      try await tmux.ends()
    }
  }

  /// As a terminal that this tmux is: it accepts the sequence of programs.
  @Test func `outside of tmux the key y sends the link to the terminal's clipboard`() async throws {
    try await withTmux { tmux in
      try await tmux.acceptClipboard()
      try await tmux.startDashboard("-u TMUX")
      let url = "http://127.0.0.1:\(try await tmux.port)/"
      try await tmux.press("y")
      try await tmux.shows("link sent to the clipboard: \(url)")
      try await eventually("the buffer") { try await tmux.pasteBuffer == url }
      try await tmux.press("q")
      try await tmux.ends()
    }
  }

  @Test func `the key Y copies the URL of a received and of a sent file, from which it can be downloaded`() async throws
  {
    try await withTmux { tmux in
      let path = try tmux.scratch.random(70_000, to: "a b.bin")
      try await tmux.startDashboard("", "'a b.bin'")
      try await tmux.shows("both ends") { $0.matches(of: /a b.bin +(stored|sent)/).count == 2 }
      let url = "http://127.0.0.1:\(try await tmux.port)/files/a%20b.bin"
      for key in ["1", "2"] {
        try await tmux.press(key)
        try await tmux.press("Y")
        try await tmux.shows("URL of a b.bin copied to tmux: \(url)")
        #expect(try await tmux.pasteBuffer == url)
        try await tmux.press("y")
        try await tmux.shows("link copied")
      }
      let copy = tmux.scratch.file("copy")
      #expect(try await Curl.run(["--output", copy, url]).status == 200)
      #expect(try Digest.ofFile(copy) == Digest.ofFile(path))
      try await tmux.press("q")
      try await tmux.ends()
    }
  }

  @Test func `in a drop box the key Y copies the path of a received file`() async throws {
    try await withTmux { tmux in
      let path = try tmux.scratch.random(1000, to: "f")
      try await tmux.startDashboard("", "--drop-box")
      let url = "http://127.0.0.1:\(try await tmux.port)/f"
      #expect(try await Curl.run(["-T", path, url]).status == 201)
      try await tmux.shows("the upload") { $0.contains("▌f ") && $0.contains("stored") }
      try await tmux.press("Y")
      try await tmux.shows("path of f copied to tmux: ")
      #expect(try await tmux.pasteBuffer.hasSuffix("/uploads/f"))
      try await tmux.press("q")
      try await tmux.ends()
    }
  }
}
