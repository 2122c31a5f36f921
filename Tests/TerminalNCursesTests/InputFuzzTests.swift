import TerminalUI
import Testing
import UploadTestSupport

@testable import TerminalNCurses

/// Arbitrary input: nothing traps, memory is limited, and later input is decoded normally.
@Suite struct InputFuzzTests {
  @Test(arguments: 0..<8 as Range<UInt64>) func `random bytes do not trap, and later keys and pastes are decoded`(
    seed: UInt64
  ) {
    var random = SplitMix64(seed: seed)
    var decoder = InputDecoder()
    for byte in SplitMix64.bytes(100_000, seed: seed) {
      _ = decoder.feed(.byte(byte))
      if UInt8.random(in: 0..<50, using: &random) == 0 { _ = decoder.idle() }
    }
    expectSane(&decoder)
  }

  /// Sequences of every kind, each truncated anywhere, one directly after the other.
  @Test(arguments: 0..<8 as Range<UInt64>)
  func `incomplete sequences do not trap, and later keys and pastes are decoded`(seed: UInt64) {
    var random = SplitMix64(seed: seed)
    var decoder = InputDecoder()
    for _ in 0..<5000 {
      let sequence = Array((FuzzInput.sequences.randomElement(using: &random) ?? "").utf8)
      for byte in sequence.prefix(Int.random(in: 0...sequence.count, using: &random)) { _ = decoder.feed(.byte(byte)) }
      if Bool.random(using: &random) { _ = decoder.idle() }
    }
    expectSane(&decoder)
  }

  @Test func `a paste of up to 1 MiB is complete, and a longer one is truncated to 1 MiB`() {
    var decoder = InputDecoder()
    for size in [(1 << 20) - 1, 1 << 20, (1 << 20) + 1, 3 << 20] {
      var pasted: [String] = []
      let noise = SplitMix64.bytes(size, seed: 9).map { $0 & 0x3F | 0x40 }
      for byte in Array("\u{1B}[200~".utf8) + noise + Array("\u{1B}[201~".utf8) {
        if case .paste(let text) = decoder.feed(.byte(byte)) { pasted.append(text) }
      }
      #expect(pasted.count == 1)
      #expect(pasted.first.map { Array($0.utf8) } == Array(noise.prefix(1 << 20)))
    }
    expectSane(&decoder)
  }

  /// Arbitrary input through a pseudo terminal: the kernel, ncurses and the decoder. A paste afterwards ends the
  /// program.
  @Test(arguments: ["xterm-256color", "vt100"], [1, 2] as [UInt64])
  func `arbitrary input of a terminal does not end the program, and a later paste is decoded`(
    type: String,
    seed: UInt64
  ) async throws {
    let probe = try PseudoTerminal(
      BuiltProgram.path("TerminalProbe"),
      ["input"],
      environment: ["TERM": type, "LC_ALL": "C.UTF-8"],
      width: 80,
      height: 24
    )
    try await eventually("the probe") { String(decoding: probe.output, as: UTF8.self).contains("ready") }
    var random = SplitMix64(seed: seed)
    for _ in 0..<300 {
      let sequence = Array((FuzzInput.sequences.randomElement(using: &random) ?? "").utf8)
      try probe.send(sequence.prefix(Int.random(in: 0...sequence.count, using: &random)))
      // Without the bytes that the terminal turns into signals.
      let noise = SplitMix64.bytes(Int.random(in: 0..<200, using: &random), seed: random.next())
      try probe.send(noise.filter { ![0x03, 0x1A, 0x1C].contains($0) })
    }
    try probe.send("\u{1B}[201~\u{1B}[200~" + String(repeating: "x", count: 1 << 20) + "\u{1B}[201~")
    try probe.send("\u{1B}[200~the end\u{1B}[201~")
    #expect(try await probe.exit() == .status(0))
  }

  /// After the end of a possibly open paste and a pause, keys and pastes are decoded normally.
  private func expectSane(_ decoder: inout InputDecoder) {
    for byte in "\u{1B}[201~".utf8 { _ = decoder.feed(.byte(byte)) }
    _ = decoder.idle()
    let events = "q\u{1B}[A\u{1B}[200~text\u{1B}[201~".utf8.compactMap { decoder.feed(.byte($0)) }
    #expect(events == [.key(KeyEvent("q")), .key(KeyEvent(.up)), .paste("text")])
  }
}

/// Sequences of terminals, to be truncated and mixed.
private enum FuzzInput {
  static let sequences = [
    "\u{1B}[1;5D", "\u{1B}OP", "\u{1B}[200~", "\u{1B}[201~", "\u{1B}[<0;10;10M", "\u{1B}[<64;1;1m", "\u{1B}[M !!",
    "\u{1B}[?1;2c", "\u{1B}[I", "\u{1B}[O", "\u{1B}]11;rgb:0000/0000/0000\u{1B}\\", "\u{1B}P>|xterm\u{1B}\\", "漢é👍",
    "\u{1B}[99999999999999999999;9999999999999999999~", "\u{1B}\u{1B}\u{1B}[", "\u{1B}[24;5R", "\u{1B}O",
    "\u{1B}[3;5~x",
  ]
}
