import TerminalUI
import UploadTestSupport

/// The probe that draws frames, and a terminal that shows what it sends.
struct FrameFollower {
  private let probe: PseudoTerminal
  private(set) var screen: VirtualTerminal
  /// What of the probe's output is on the screen.
  private var shown = 0

  /// - Parameters:
  ///   - type: the terminal's type in the terminfo database.
  ///   - source: `random` or `dashboard`.
  init(_ type: String, _ source: String, seed: UInt64, _ size: Size) throws {
    probe = try PseudoTerminal(
      BuiltProgram.path("TerminalProbe"),
      ["frames", source, "\(seed)"],
      environment: ["TERM": type, "LC_ALL": "C.UTF-8", "NO_COLOR": ""],
      width: size.width,
      height: size.height
    )
    screen = VirtualTerminal(size)
  }

  /// Waits for a frame, and shows it.
  /// - Returns: what it says is on it, and its bytes.
  mutating func frame() async throws -> (said: SaidFrame, bytes: [UInt8]) {
    let end = Array(";end\u{7}".utf8)
    try await eventually("a frame") { probe.outputCount > shown && probe.output.suffix(end.count).elementsEqual(end) }
    let bytes = Array(probe.output[shown...])
    shown += bytes.count
    screen.show(bytes)
    guard let said = screen.commands.last.flatMap(SaidFrame.init) else { throw TimeoutError("no frame is said") }
    return (said, bytes)
  }

  func askForNext() throws {
    try probe.send("f")
  }

  mutating func resize(_ size: Size) throws {
    probe.resize(width: size.width, height: size.height)
    screen.resize(size)
    try probe.send("w")
  }

  /// Ends the probe, and shows what it sends then.
  mutating func end() async throws -> ProcessRunner.Exit {
    try probe.send("q")
    let exit = try await probe.exit()
    screen.show(probe.output[shown...])
    return exit
  }
}
