import TerminalNCurses
import TerminalUI
import UploadTestSupport

/// Random frames: each is the previous one with some of it changed, moved or removed.
@MainActor
struct RandomFrames: FrameSource {
  private var random: SplitMix64
  private let capabilities: TerminalCapabilities
  private var surface: Surface

  init(seed: UInt64, _ terminal: NCursesTerminal) {
    random = SplitMix64(seed: seed)
    capabilities = terminal.capabilities
    surface = Self.empty(terminal.size, capabilities)
  }

  mutating func next(_ size: Size) -> (surface: Surface, title: String) {
    if size != surface.size || number(8) == 0 { surface = Self.empty(size, capabilities) }
    for _ in 0..<1 + number(20) { change() }
    if number(3) == 0 {
      surface.hideCursor()
    } else {
      surface.placeCursor(x: number(size.width), y: number(size.height))
    }
    return (surface, text())
  }

  private mutating func change() {
    let rect = Rect(x: number(surface.width), y: number(surface.height), width: number(40), height: number(8))
    switch number(6) {
    case 0: surface.fill(rect, style: style())
    case 1: surface.highlight(rect, style())
    case 2: shift()
    default: surface.write(text(), x: rect.x - number(4), y: rect.y, style: style())
    }
  }

  /// Copies a row's text to another row, up to three columns to the left or right: ncurses has sequences for such
  /// moves.
  private mutating func shift() {
    let (from, to) = (number(surface.height), number(surface.height))
    surface.write(surface.text(ofRow: from), x: number(7) - 3, y: to, style: style())
  }

  private mutating func style() -> Style {
    Style(foreground: color(), background: color(), Attributes(rawValue: number(3) == 0 ? UInt8(number(16)) : 0))
  }

  private mutating func color() -> Color {
    number(2) == 0 ? .standard : Color(index: UInt8(number(256)))
  }

  private mutating func text() -> String { HostileNames.all[number(HostileNames.all.count)] }

  private mutating func number(_ limit: Int) -> Int {
    limit > 0 ? Int.random(in: 0..<limit, using: &random) : 0
  }

  private static func empty(_ size: Size, _ capabilities: TerminalCapabilities) -> Surface {
    Surface(size: size, theme: capabilities.theme(.dark), glyphs: capabilities.glyphs)
  }
}
