import TerminalUI
package import UploadCore

/// QR codes as output lines on a terminal.
package enum QRCodeOutput {
  /// What a terminal can show.
  package struct Screen: Sendable {
    /// Space for a code, in cells; nil when the output is not a terminal, or one that knows no escape sequences.
    var size: Size?
    var isUnicode: Bool
    var colors: ColorTier

    /// Standard output now.
    package static func standardOutput(_ environment: [String: String]) -> Screen {
      var size: Size?
      if Output.canRedraw(environment), let columns = Output.columns, let rows = Output.rows {
        // The cursor has the last row.
        size = Size(width: columns, height: rows - 1)
      }
      let usesColor = environment["NO_COLOR"]?.isEmpty ?? true
      return Screen(
        size: size,
        isUnicode: Output.isUnicode(environment),
        // Terminals of the vt series have no colours, and all others in use know the sequences for 256.
        colors: usesColor && environment["TERM"]?.hasPrefix("vt") == false ? .colors256 : .mono
      )
    }
  }

  /// The code of a link as output lines with escape sequences, each with a line end.
  /// - Throws: ``UploadError`` with code `badValue` when the link is too long for a code, or the output is no terminal
  ///   that can show it; the message says which size it needs.
  package static func text(of link: String, on screen: Screen) throws(UploadError) -> String {
    guard let room = screen.size else {
      throw UploadError(.badValue, "--qr has no effect: standard output is not a terminal that can show a QR code.")
    }
    guard let code = QRCodeView(link) else {
      throw UploadError(.badValue, "--qr has no effect: the link is too long for a QR code.")
    }
    let glyphs = screen.isUnicode ? GlyphSet.unicode : .ascii
    guard let size = code.size(in: room, glyphs) else {
      let needed = code.smallestSize(glyphs)
      throw UploadError(
        .badValue,
        "--qr has no effect: the QR code needs \(needed.width) columns and \(needed.height + 1) rows, and the terminal "
          + "has \(room.width) and \(room.height + 1). Make it larger, or its font smaller, and start again."
      )
    }
    let theme = Theme(.dark, tier: screen.colors, paintsBackground: false)
    var surface = Surface(size: size, theme: theme, glyphs: glyphs)
    surface.draw(code, in: surface.bounds)
    return surface.ansiText
  }
}
