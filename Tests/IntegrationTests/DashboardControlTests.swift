import Testing
import UploadTestSupport

/// Uploads that the user of the dashboard limits, pauses and waits for, in a real terminal.
@Suite(.tmux) struct DashboardControlTests {
  private static let size = 9_000_000
  /// The event of a stall would take the place of a note on the screen before a slow machine has looked at that.
  private static let neverStalls = "--stall-after 10m"

  /// Begins an upload that does not come to its end, and waits until the dashboard shows it.
  private func begin(_ tmux: Tmux, name: String = "half.bin") async throws -> Socket {
    let socket = try Socket(port: try await tmux.port)
    try await socket.send("PUT /\(name) HTTP/1.1\r\nHost: localhost\r\nContent-Length: \(Self.size)\r\n\r\n")
    try await socket.send([UInt8](repeating: 7, count: 3 << 20))
    try await tmux.shows("the upload") { $0.contains(name) && $0.contains("1 active") }
    return socket
  }

  /// - Returns: status line and headers of the response.
  private func sendSmall(to port: Int) async throws -> String {
    let socket = try Socket(port: port)
    try await socket.send("PUT /new.bin HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\nhello")
    return try await socket.receiveHead()
  }

  @Test func `an upload is limited while it runs, and its limit is visible`() async throws {
    try await withTmux { tmux in
      try await tmux.startDashboard("", Self.neverStalls)
      let socket = try await begin(tmux)
      for limit in ["50", "10", "5", "1"] {
        try await tmux.press("<")
        try await tmux.shows("limit \(limit) MiB/s: half.bin")
      }
      let start = ContinuousClock.now
      try await socket.send([UInt8](repeating: 7, count: Self.size - (3 << 20)))
      try await tmux.shows("the limit") { $0.contains(/half.bin .*limit 1 MiB/) }
      #expect(try await socket.receiveHead().hasPrefix("HTTP/1.1 201 "))
      #expect(ContinuousClock.now - start > .seconds(4), "5.6 MiB at 1 MiB/s")
      try await tmux.shows("the end") { $0.contains(/half.bin .*stored/) }
      try await tmux.press("q")
      #expect(try await tmux.ends().contains("1 upload stored.\n"))
    }
  }

  @Test func `the limit of an upload steps below that of the server, which is stated above the last step`() async throws
  {
    try await withTmux { tmux in
      try await tmux.startDashboard("", "\(Self.neverStalls) --limit-rate-per-upload 8MiB/s")
      let socket = try await begin(tmux)
      try await tmux.press("<")
      try await tmux.shows("limit 5 MiB/s: half.bin")
      try await tmux.press(">")
      try await tmux.shows("limit 8 MiB/s of the server: half.bin")
      try await socket.send([UInt8](repeating: 7, count: Self.size - (3 << 20)))
      try await tmux.shows("the end") { $0.contains(/half.bin .*stored/) }
      try await tmux.press("q")
      #expect(try await tmux.ends().contains("1 upload stored.\n"))
    }
  }

  /// curl ends with status 28 when it has moved nothing for so many seconds.
  @Test func `a paused upload does not time out its client, and continues at once`() async throws {
    try await withTmux { tmux in
      try await tmux.startDashboard("", "--idle-timeout 3s --stall-after 2s")
      let path = try tmux.scratch.random(24 << 20, to: "big.bin")
      let url = "http://127.0.0.1:\(try await tmux.port)/"
      let patience = ["--speed-limit", "1", "--speed-time", "25", "--limit-rate", "4M"]
      async let sent = Curl.run(patience + ["-T", path, url])
      try await tmux.shows("the upload") { $0.contains("big.bin") && $0.contains("1 active") }
      try await tmux.press("p")
      let paused = try await tmux.shows("the pause") { $0.contains(/big.bin .*paused/) }
      func percent(_ screen: String) -> Int {
        screen.firstMatch(of: /([0-9]+) %/).flatMap { Int($0.1) } ?? -1
      }
      // Some bytes still arrive, for longer than any of the server's own timeouts.
      try await tmux.shows("it to trickle") {
        $0.contains(/big.bin .*paused/) && percent($0) >= percent(paused) + 4
      }
      try await tmux.press("p")
      #expect(try await sent.status == 201)
      try await tmux.shows("the end") { $0.contains(/big.bin .*stored/) }
      try await tmux.press("q")
      try await tmux.ends()
      #expect(try Digest.ofFile(tmux.scratch.file("uploads/big.bin")) == Digest.ofFile(path))
    }
  }

  @Test func `the dashboard quits when its uploads have finished, and rejects new ones until then`() async throws {
    try await withTmux { tmux in
      try await tmux.startDashboard("", Self.neverStalls)
      let port = try await tmux.port
      let socket = try await begin(tmux)
      try await tmux.press("q")
      try await tmux.shows("w  quit when finished")
      try await tmux.press("w")
      try await tmux.shows("quits when finished")
      let head = try await sendSmall(to: port)
      #expect(head.hasPrefix("HTTP/1.1 503 ") && head.contains("Retry-After: "), "\(head)")
      // The decision can be taken back, and made again.
      try await tmux.press("q")
      try await tmux.shows("Quits when all uploads have finished")
      try await tmux.press("n")
      try await eventually("new uploads to be accepted") { try await sendSmall(to: port).hasPrefix("HTTP/1.1 201 ") }
      try await tmux.press("q")
      try await tmux.press("w")
      try await tmux.shows("quits when finished")
      try await socket.send([UInt8](repeating: 7, count: Self.size - (3 << 20)))
      #expect(try await socket.receiveHead().hasPrefix("HTTP/1.1 201 "))
      #expect(try await tmux.ends().contains("2 uploads stored.\n"))
      let names = try TemporaryDirectory(inside: tmux.scratch.file("uploads")).names()
      #expect(names.sorted() == ["half.bin", "new.bin"])
    }
  }

  @Test func `what is queued for the own server is still sent before the dashboard quits`() async throws {
    try await withTmux { tmux in
      for name in ["one.bin", "two.bin", "three.bin"] { try tmux.scratch.random(8 << 20, to: name) }
      try await tmux.startDashboard("", "--jobs 1 --limit-rate 4MB/s one.bin two.bin three.bin")
      try await tmux.shows("the queue") { $0.contains("queued") }
      try await tmux.press("q")
      try await tmux.press("w")
      #expect(try await tmux.ends().contains("3 uploads stored, 3 sent.\n"))
    }
  }

  @Test func `marked uploads are cancelled together`() async throws {
    try await withTmux { tmux in
      try await tmux.startDashboard()
      let first = try await begin(tmux)
      let second = try Socket(port: try await tmux.port)
      try await second.send("PUT /other.bin HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9000000\r\n\r\nx")
      try await tmux.shows("both") { $0.contains("2 active") && $0.contains("other.bin") }
      try await tmux.press("*")
      try await tmux.shows("2 uploads are marked")
      try await tmux.press("x")
      try await tmux.shows("Cancel 2 uploads?")
      try await tmux.press("y")
      for socket in [first, second] { #expect(try await socket.receiveHead().hasPrefix("HTTP/1.1 403 ")) }
      // Before that, q asks about running uploads.
      try await tmux.shows("both ends") { $0.contains(/half.bin .*cancelled/) && $0.contains(/other.bin .*cancelled/) }
      try await tmux.press("q")
      #expect(try await tmux.ends().contains("2 uploads cancelled.\n"))
    }
  }
}
