import Synchronization
import Testing
import UploadTestSupport

@testable import DashboardApp

/// Output lines above a block of progress lines that is redrawn in place.
@Suite struct LiveOutputTests {
  private static let clear = "\r\u{1B}[J"
  private static let clearLine = "\u{1B}[K"

  /// A terminal that can reject output, and the foreground.
  private final class Screen: Sendable {
    let texts = Mutex<[String]>([])
    let isBlocked = Atomic<Bool>(false)
    let isForeground = Atomic<Bool>(true)
    let gate = EventQueue<Void>()

    func output() -> LiveOutput {
      LiveOutput(
        write: { [self] text in
          texts.withLock { $0.append(text) }
          while isBlocked.load(ordering: .acquiring) { waitUntilReadable(gate.descriptor) }
        },
        isInForeground: { [self] in isForeground.load(ordering: .acquiring) }
      )
    }

    func open() {
      isBlocked.store(false, ordering: .releasing)
      gate.post(())
    }

    var written: [String] { texts.withLock { $0 } }
  }

  @Test func `a block is drawn, overwritten, and cleared for an output line; the cursor rests at its start`() {
    let two = ["one", "two"]
    #expect(LiveOutput.text("", over: [], two) == "one\u{1B}[K\ntwo\u{1B}[K\u{1B}[1A\r")
    #expect(LiveOutput.text("", over: two, ["three"]) == "\rthree\u{1B}[K\u{1B}[J\r")
    #expect(LiveOutput.text("event\n", over: two, ["three"]) == "\r\u{1B}[Jevent\nthree\u{1B}[K\r")
    #expect(LiveOutput.text("event\n", over: [], []) == "event\n")
    #expect(LiveOutput.text("", over: two, []) == "\r\u{1B}[J")
  }

  @Test func `nothing is written unless something has changed`() async throws {
    let screen = Screen()
    let output = screen.output()
    output.show("", [])
    output.show("", ["a"])
    try await eventually("the block") { screen.written.count == 1 }
    for _ in 0..<10 { output.show("", ["a"]) }
    output.show("", [])
    try await eventually("its end") { screen.written.count == 2 }
    #expect(screen.written == ["a\u{1B}[K\r", "\r\u{1B}[J"])
  }

  @Test func `a terminal that accepts no output blocks nothing, and later gets every output line`()
    async throws
  {
    let screen = Screen()
    screen.isBlocked.store(true, ordering: .releasing)
    let output = screen.output()
    output.show("first\n", ["0"])
    try await eventually("the first write") { screen.written.count == 1 }
    for number in 1...100 { output.show(number.isMultiple(of: 50) ? "line \(number)\n" : "", ["\(number)"]) }
    #expect(screen.written.count == 1)
    output.hide(timeout: .milliseconds(1))
    output.reveal()
    screen.open()
    try await eventually("the rest") { screen.written.count >= 2 }
    output.hide(timeout: .seconds(60))
    #expect(screen.written.dropFirst().first?.contains("line 50\nline 100\n") == true, "\(screen.written)")
    #expect(screen.written.dropFirst().first?.contains("100\u{1B}[K") == true, "\(screen.written)")
  }

  @Test func `output lines beyond a mebibyte are left out and counted`() async throws {
    let screen = Screen()
    screen.isBlocked.store(true, ordering: .releasing)
    let output = screen.output()
    output.write("first\n")
    try await eventually("the first write") { screen.written.count == 1 }
    let line = String(repeating: "x", count: 1023) + "\n"
    for _ in 0..<1124 { output.write(line) }
    screen.open()
    output.hide(timeout: .seconds(60))
    let rest = screen.written.dropFirst().joined()
    #expect(rest.utf8.count < 1_100_000)
    #expect(rest.hasSuffix("(100 output lines left out: the terminal accepted no output)\n"))
  }

  @Test func `in the background there are output lines only`() async throws {
    let screen = Screen()
    let output = screen.output()
    screen.isForeground.store(false, ordering: .releasing)
    output.show("a\n", ["block"])
    try await eventually("the output line") { screen.written == ["a\n"] }
    screen.isForeground.store(true, ordering: .releasing)
    output.show("b\n", ["block"])
    try await eventually("the block") { screen.written.last == "b\nblock\u{1B}[K\r" }
  }

  @Test func `what is hidden comes back as a whole`() async throws {
    let screen = Screen()
    let output = screen.output()
    output.show("", ["a", "b"])
    try await eventually("the block") { screen.written.count == 1 }
    output.hide(timeout: .seconds(60))
    #expect(screen.written.last == Self.clear && output.erasure == "")
    output.show("", ["a", "c"])
    output.reveal()
    try await eventually("the block") { screen.written.last == "a\u{1B}[K\nc\u{1B}[K\u{1B}[1A\r" }
    #expect(output.erasure == Self.clear)
  }
}
