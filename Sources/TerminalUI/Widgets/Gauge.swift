/// A progress bar in two shades that fills its region: the stored part, and the part that is received but not stored
/// yet.
///
/// Both parts are rounded down: at best, with blocks, to eighths of a cell, and in ASCII to whole cells. A thin bar is
/// accurate to half a cell only: its stored part may look up to half a cell longer than it is.
package struct Gauge: Widget {
  private enum Content {
    case known(received: Double, stored: Double)
    case unknown(tick: Int)
  }

  private let content: Content
  /// Whether the bar has the colours of what moves; otherwise it is dim.
  private let isMoving: Bool

  /// - Parameters:
  ///   - received: the received part; clamped to 0...1, and 0 when it is not a number.
  ///   - stored: the part that is on disk; clamped to 0...`received`.
  ///   - isMoving: whether the bar has the colours of what moves; otherwise it is dim.
  package init(received: Double, stored: Double, isMoving: Bool = true) {
    content = .known(received: Self.part(received), stored: min(Self.part(stored), Self.part(received)))
    self.isMoving = isMoving
  }

  /// A segment that moves back and forth, for an upload of unknown length.
  /// - Parameters:
  ///   - tick: any number; the segment moves by one cell when it changes by 1.
  ///   - isMoving: whether the bar has the colours of what moves; otherwise it is dim.
  package init(tick: Int, isMoving: Bool = true) { (content, self.isMoving) = (.unknown(tick: tick), isMoving) }

  private static func part(_ value: Double) -> Double { value > 0 ? min(value, 1) : 0 }

  package func draw(on surface: inout Surface) {
    switch content {
    case .known(let received, let stored):
      let eighths = Double(surface.width * 8)
      drawKnown(received: Int(eighths * received), stored: Int(eighths * stored), on: &surface)
    case .unknown(let tick): drawUnknown(tick: tick, on: &surface)
    }
  }

  private func drawKnown(received: Int, stored: Int, on surface: inout Surface) {
    for x in 0..<surface.width {
      let (received, stored) = (min(max(0, received - 8 * x), 8), min(max(0, stored - 8 * x), 8))
      let (glyph, style) = cell(received: received, stored: stored, glyphs: surface.glyphs.bar, theme: surface.theme)
      surface.fill(Rect(x: x, y: 0, width: 1, height: surface.height), with: glyph, style: style)
    }
  }

  /// The styles of the stored and the received part.
  private func styles(_ theme: Theme) -> (stored: Style, received: Style) {
    isMoving ? (theme.barStored, theme.barReceived) : (theme.barResting, theme.barRestingReceived)
  }

  /// The glyph and style of a cell. `received` and `stored` count its eighths, 0...8.
  private func cell(received: Int, stored: Int, glyphs: BarGlyphs, theme: Theme) -> (Glyph, Style) {
    let styles = styles(theme)
    if stored == 8 { return (glyphs.full, styles.stored) }
    if glyphs.parts.count < 8 || !theme.hasColor {
      // Two shades need two characters; a partial cell is possible only where the bar ends in one shade.
      if received == 8 { return (glyphs.received, styles.received) }
      guard stored > 0, stored == received, glyphs.parts.count == 8 else { return (glyphs.track, theme.barTrack) }
      return (glyphs.parts[stored - 1], styles.stored)
    }
    if received == 8, !glyphs.fillsCell {
      // One character can have one colour: that of the larger part.
      return (glyphs.full, stored < 4 ? styles.received : styles.stored)
    }
    if stored > 0 {
      var style = styles.stored
      if received == 8 { style.background = styles.received.foreground }
      return (glyphs.parts[stored - 1], style)
    }
    return received > 0 ? (glyphs.parts[received - 1], styles.received) : (glyphs.track, theme.barTrack)
  }

  private func drawUnknown(tick: Int, on surface: inout Surface) {
    let width = surface.width
    let length = min(width, max(3, width / 5))
    let travel = width - length
    let step = travel > 0 ? ((tick % (2 * travel)) + 2 * travel) % (2 * travel) : 0
    let theme = surface.theme
    let glyphs = surface.glyphs.bar
    surface.fill(surface.bounds, with: glyphs.track, style: theme.barTrack)
    let segment = Rect(x: min(step, 2 * travel - step), y: 0, width: length, height: surface.height)
    surface.fill(segment, with: theme.hasColor ? glyphs.full : glyphs.received, style: styles(theme).received)
  }
}
