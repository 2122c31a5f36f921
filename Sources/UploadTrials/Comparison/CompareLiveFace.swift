import DashboardApp
import TerminalUI

/// On a terminal: memory over time of every client, redrawn in place; in the end the table beneath it.
struct CompareLiveFace: CompareFace {
  /// Ten pictures a second.
  private static let period = Duration.milliseconds(100)

  let theme: Theme
  let glyphs: GlyphSet
  private var drawn = 0
  private var nextDrawing = ContinuousClock.now

  init(theme: Theme, glyphs: GlyphSet) {
    self.theme = theme
    self.glyphs = glyphs
  }

  mutating func note(_ text: String) {
    clear()
    Output.raw(text + "\n")
    drawn = 1
  }

  mutating func begin(_ comparison: Comparison) {
    draw(comparison)
  }

  mutating func show(_ comparison: Comparison) {
    if ContinuousClock.now >= nextDrawing { draw(comparison) }
  }

  mutating func end(_ comparison: Comparison, _ index: Int) {
    draw(comparison)
  }

  /// Leaves the last picture standing.
  mutating func finish(_ comparison: Comparison) {
    draw(comparison)
    drawn = 0
    Output.line("\n" + comparison.table(width: Output.columns ?? 80))
  }

  mutating func clear() {
    Output.raw(drawn > 0 ? "\u{1B}[\(drawn)A\r\u{1B}[J" : "")
    drawn = 0
  }

  private mutating func draw(_ comparison: Comparison) {
    nextDrawing = .now + Self.period
    // One column and one row less: where the last cell is written, some terminals scroll.
    let room = Size(width: (Output.columns ?? 80) - 1, height: (Output.rows ?? 24) - 1)
    let surface = CompareScreen(comparison).surface(room, theme: theme, glyphs: glyphs)
    let lines = surface.ansiText.split(separator: "\n", omittingEmptySubsequences: false).dropLast()
    let start = drawn > 0 ? "\u{1B}[\(drawn)A\r" : ""
    // Each line over the old one, so that nothing flickers; what is below from a larger picture goes.
    Output.raw(start + lines.map { $0 + "\u{1B}[K\n" }.joined() + "\u{1B}[J")
    drawn = lines.count
  }
}
