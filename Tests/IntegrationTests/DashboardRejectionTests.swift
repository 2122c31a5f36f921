import Testing
import UploadTestSupport

/// Rejected requests in the dashboard in a real terminal.
@Suite(.tmux) struct DashboardRejectionTests {
  @Test(arguments: [(120, 34), (40, 8)])
  func `the key R shows a request that was rejected for its size`(width: Int, height: Int) async throws {
    try await withTmux(width: width, height: max(height, 12)) { tmux in
      let path = try tmux.scratch.random(2_000_000, to: "big.bin")
      try await tmux.startDashboard("", "--max-size 1MB")
      let url = "http://127.0.0.1:\(try await tmux.port)/big.bin"
      #expect(try await Curl.run(["-T", path, url]).status == 413)
      try await tmux.resize(width, height)
      try await tmux.press("R")
      try await tmux.shows("the request") { $0.contains(/\/big.bin +413\ /) && $0.contains("Rejected requests") }
      try await tmux.press("Escape")
      try await tmux.shows("Incoming")
      try await tmux.press("q")
      try await tmux.ends()
    }
  }

  @Test func `a flood of rejected requests is counted, and the view and the log remain readable`() async throws {
    try await withTmux { tmux in
      try await tmux.startDashboard()
      let url = "http://127.0.0.1:\(try await tmux.port)"
      let statuses = try await Curl.runAll(
        ["--no-globoff", "--request", "DELETE", "--output", "/dev/null", "\(url)/files/x[1-3000]"],
        format: "%{http_code}"
      )
      #expect(statuses.count == 3000)
      try await tmux.press("R")
      try await tmux.shows("all of them") { $0.contains("3,000") && $0.contains("Further requests were rejected") }
      try await tmux.press("q")
      try await tmux.ends()
    }
  }
}
