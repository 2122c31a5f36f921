import Glibc
import Testing
import UploadTestSupport

/// The QR code of the upload page's link, on a terminal as a camera sees it.
@Suite(.zbar) struct QRCodeTests {
  /// The text of the code in a window's text, which consists of half blocks; none where there is no complete code.
  private func codes(in screen: String) async throws -> [String] {
    let rows = screen.split(separator: "\n", omittingEmptySubsequences: false).map(Array.init)
    let width = rows.map(\.count).max() ?? 0
    let bitmap = Bitmap(width: width, height: 2 * rows.count) { x, y in
      let row = rows[y / 2]
      guard row.indices.contains(x) else { return false }
      return row[x] == "█" || row[x] == (y % 2 == 0 ? "▀" : "▄")
    }
    return try await QRScanner.texts(in: [bitmap])
  }

  @Test(.tmux) func `serve --qr prints a code of the link with the token, which zbar reads`() async throws {
    try await withTmux(width: 100, height: 40) { tmux in
      try await tmux.command("clear; \(Sluice.path) serve --port 0 --dir uploads --token a-given-token --qr")
      let screen = try await tmux.shows("the code") { $0.contains(" in a browser") && $0.count { $0 == "▀" } > 50 }
      let link = try #require(screen.firstMatch(of: /open (http:\/\/127\.0\.0\.1:\d+\/#t=a-given-token) in a browser/))
      let found = try await codes(in: try await tmux.screen)
      #expect(found == [String(link.1)], "\(screen)")
      try await tmux.press("C-c")
      try await tmux.prompts()
    }
  }

  @Test(.tmux) func `the key Q of the dashboard shows a code of the link, which zbar reads`() async throws {
    try await withTmux(width: 80, height: 24) { tmux in
      try await tmux.command("\(Sluice.path) --port 0 --dir uploads --token a-given-token")
      try await tmux.shows("the dashboard") { $0.contains("Incoming") }
      try await tmux.press("Q")
      let screen = try await tmux.shows("the code") { $0.contains("/#t=a-given-token") }
      let link = try #require(screen.firstMatch(of: /http:\/\/127\.0\.0\.1:\d+\/#t=a-given-token/))
      let found = try await codes(in: screen)
      #expect(found == [String(link.0)], "\(screen)")
      try await tmux.press("Escape")
      try await tmux.shows("the panes") { !$0.contains("#t=") }
      try await tmux.press("q")
      try await tmux.prompts()
    }
  }

  @Test func `serve --qr without a terminal says that it has no effect, and serves`() async throws {
    try await withTemporaryDirectory { directory in
      let process = try Sluice.start(["serve", "--port", "0", "--dir", directory.file("up"), "--qr"])
      _ = try await process.line { $0.contains(" open http://") }
      process.signal(SIGTERM)
      #expect(try await process.exit() == .status(0))
      #expect(process.errors.contains("sluice: --qr has no effect: standard output is not a terminal"))
      #expect(!process.output.contains("▀"))
    }
  }
}
