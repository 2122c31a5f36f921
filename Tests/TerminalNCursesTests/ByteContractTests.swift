import TerminalUI
import Testing
import UploadTestSupport

@testable import TerminalNCurses

/// A surface becomes bytes by ncurses, and these become a grid again on a virtual terminal: both grids must be equal,
/// regardless of the previous content of the screen.
@Suite struct ByteContractTests {
  /// Number of frames for each of three window sizes.
  private static let frames = 6

  @Test(
    arguments: [("random", 1), ("random", 2), ("random", 3), ("dashboard", 1), ("dashboard", 2)] as [(String, UInt64)]
  )
  func `a virtual xterm shows exactly the surfaces that were drawn`(source: String, seed: UInt64) async throws {
    try await follow("xterm-256color", source, seed: seed) { $0.look }
  }

  /// These have fewer attributes and colours, so only the text is compared.
  @Test(arguments: ["vt100", "linux", "xterm"], ["random", "dashboard"])
  func `virtual terminals with fewer features show the text of the surfaces that were drawn`(
    type: String,
    source: String
  ) async throws {
    try await follow(type, source, seed: 4) { ShownCell(text: $0.text) }
  }

  private func follow(
    _ type: String,
    _ source: String,
    seed: UInt64,
    look: (ShownCell) -> ShownCell
  ) async throws {
    let sizes = [Size(width: 120, height: 34), Size(width: 61, height: 17), Size(width: 133, height: 40)]
    var follower = try FrameFollower(type, source, seed: seed, sizes[0])
    var hasStrangers = false
    for number in 0..<3 * Self.frames {
      let (said, bytes) = try await follower.frame()
      let screen = follower.screen
      let place = "\(type), \(source), seed \(seed), frame \(number)"
      try #require(screen.problems.isEmpty, "\(place): \(screen.problems)")
      try #require(said.size == sizes[number / Self.frames], "\(place)")
      for (y, (drawn, shown)) in zip(said.rows, screen.rows).enumerated() {
        let wrong = zip(drawn, shown).enumerated().first { look($1.0) != look($1.1) }
        try #require(
          wrong == nil,
          "\(place): row \(y), column \(wrong?.offset ?? 0): \(String(describing: wrong?.element))"
        )
      }
      // A vt100 cannot hide it.
      if type != "vt100" { #expect(screen.isCursorShown == (said.cursor != nil), "\(place)") }
      if let cursor = said.cursor { #expect(Point(x: screen.x, y: screen.y) == cursor, "\(place)") }
      expectHarmless(bytes, place)
      hasStrangers = hasStrangers || screen.text.contains("\u{FFFD}")
      if (number + 1) % Self.frames == 0 { try follower.resize(sizes[(number + 1) / Self.frames % sizes.count]) }
      try follower.askForNext()
    }
    _ = try await follower.frame()
    #expect(hasStrangers, "nothing of a hostile name was seen")
    #expect(try await follower.end() == .status(0))
    #expect(follower.screen.problems.isEmpty, "\(follower.screen.problems)")
    #expect(follower.screen.isCursorShown && !follower.screen.isAlternate)
  }

  /// Checks the bytes without decoding them: no escape sequence of a hostile name is among them.
  private func expectHarmless(_ bytes: [UInt8], _ place: String) {
    let scalars = String(decoding: bytes, as: UTF8.self).unicodeScalars
    let bad = scalars.first { scalar in
      switch scalar.value {
      // Sequences of ncurses, the end of a string, and movements of the cursor.
      case 0x1B, 0x07, 0x08, 0x09, 0x0A, 0x0D, 0x0E, 0x0F: false
      case 0..<0x20, 0x7F..<0xA0: true
      default: [.format, .lineSeparator, .paragraphSeparator].contains(scalar.properties.generalCategory)
      }
    }
    #expect(bad == nil, "\(place): U+\(String(bad?.value ?? 0, radix: 16))")
    for order in ["\u{1B}]0;", "\u{1B}[31mred", "\u{1B}c", "\u{1B}[201~"] {
      #expect(!bytes.contains(order), "\(place): \(order.debugDescription)")
    }
  }
}

extension [UInt8] {
  fileprivate func contains(_ text: String) -> Bool {
    String(decoding: self, as: UTF8.self).contains(text)
  }
}
