import TerminalUI

/// The dialog with the QR code of a link, over everything else, and the link below it.
struct LinkOverlay: Widget {
  let link: String
  /// Which of the links it is, from 1.
  let position: Int
  /// How many links there are.
  let count: Int
  let hints: [KeyHint]
  /// Rows of the text above the first visible one, where there is no code; reduced to the largest useful number.
  var offset = 0

  /// Columns and rows of the border, with a column beside it.
  private static let border = Size(width: 4, height: 2)

  func draw(on surface: inout Surface) {
    let glyphs = surface.glyphs
    let room = Size(width: surface.width - Self.border.width, height: surface.height - Self.border.height)
    let code = QRCodeView(link)
    let linkRows = link.wrapped(to: room.width)
    let size = code?.size(in: Size(width: room.width, height: room.height - linkRows.count), glyphs)
    if let code, let size {
      let height = size.height + linkRows.count
      overlay(width: max(size.width, linkRows.map(\.columns).max() ?? 0), height: height).draw(on: &surface) {
        surface in
        surface.draw(code, in: Rect(x: 0, y: 0, width: surface.width, height: size.height))
        Self.draw(linkRows, from: size.height, style: surface.theme.accent, on: &surface)
      }
    } else {
      let text = text(in: Size(width: surface.width, height: surface.height), glyphs, surface.theme)
      overlay(width: text.columns, height: text.rows.count).draw(on: &surface) {
        text.draw(from: offset, alignment: .center, on: &$0)
      }
    }
  }

  /// Why there is no code, and the link, on a screen of `size`.
  func text(in size: Size, _ glyphs: GlyphSet, _ theme: Theme? = nil) -> DialogText {
    let room = Overlay.room(on: size)
    let code = QRCodeView(link)
    let parts = [(reason(code, size, glyphs), theme?.text ?? .plain), (link, theme?.accent ?? .plain)]
    return DialogText(parts, width: min(room.width, max(60, link.columns)), height: room.height)
  }

  private func overlay(width: Int, height: Int) -> Overlay {
    let trailing = count > 1 ? "address \(position) of \(count)" : ""
    let keys = StyledText(hints.map { "\($0.key) \($0.text)" }.joined(separator: "  "))
    let panel = Panel("Upload page", trailing: StyledText(trailing), footer: keys, isFocused: true)
    return Overlay(panel, width: width, height: height)
  }

  /// Why there is no code: the terminal is too small, or the link too long.
  private func reason(_ code: QRCodeView?, _ terminal: Size, _ glyphs: GlyphSet) -> String {
    guard let code else { return "The link is too long for a QR code." }
    let smallest = code.smallestSize(glyphs)
    let linkRows = link.wrapped(to: max(smallest.width, terminal.width - Self.border.width)).count
    let needed = Size(
      width: smallest.width + Self.border.width,
      height: smallest.height + linkRows + Self.border.height
    )
    return "The QR code needs a terminal of \(needed.width) columns and \(needed.height) rows; "
      + "this one has \(terminal.width) and \(terminal.height)."
  }

  private static func draw(_ rows: [String], from first: Int, style: Style, on surface: inout Surface) {
    for (index, row) in rows.enumerated() {
      surface.write(StyledText(row, style), x: 0, y: first + index, width: surface.width, alignment: .center)
    }
  }
}
