import TerminalUI
import UploadTestSupport

/// Random events, the same for the same seed.
struct RandomEvents {
  private var generator: SplitMix64

  init(seed: UInt64) {
    generator = SplitMix64(seed: seed)
  }

  private static let keys: [Key] =
    [
      .enter, .tab, .escape, .backspace, .delete, .up, .down, .left, .right, .home, .end, .pageUp, .pageDown,
      .function(5),
    ]
    + Array("aghjklmpqrstuxGQSv /:~..漢é\u{301}").map { .character($0) }
  private static let pastes = [
    "", "\u{1B}[31m\u{0}", "/home/ann/vinyl", "'/home/ann/notes.txt' /nowhere", "~/", "http://other.test", "\u{202E}漢字",
    "file:///home/ann/videos/raw\r\n",
  ]

  mutating func next() -> InputEvent {
    switch number(20) {
    case 0: return .paste(Self.pastes[number(Self.pastes.count)])
    case 1, 2: return .mouse(MouseEvent([.press, .scrollUp, .scrollDown][number(3)], at: point()))
    case 3: return .focus(false)
    default:
      let modifiers: KeyModifiers = [[], [], [], [], [], .control, .alt, .shift][number(8)]
      return .key(KeyEvent(Self.keys[number(Self.keys.count)], modifiers))
    }
  }

  mutating func size() -> Size {
    number(4) == 0 ? Size(width: number(8), height: number(6)) : Size(width: number(90), height: number(28))
  }

  mutating func number(_ bound: Int) -> Int {
    Int(generator.next() % UInt64(bound))
  }

  private mutating func point() -> Point {
    Point(x: number(140) - 5, y: number(50) - 5)
  }
}

extension Surface {
  /// The first defect of the grid, such as a row of the wrong width; nil for a valid grid.
  var flaw: String? {
    for y in 0..<size.height {
      let text = text(ofRow: y)
      if text.columns != size.width { return "row \(y) has \(text.columns) columns of \(size.width)" }
      let unsafe = text.unicodeScalars.first { [.control, .format].contains($0.properties.generalCategory) }
      if let unsafe { return "row \(y) contains U+\(String(unsafe.value, radix: 16))" }
    }
    if let cursor, !Rect(size).contains(cursor) { return "the cursor is at \(cursor)" }
    return nil
  }
}
