/// A screen to draw on and a keyboard to read from. All on one thread; no call blocks.
@MainActor
package protocol Terminal: AnyObject {
  var size: Size { get }
  var capabilities: TerminalCapabilities { get }

  /// Shows a surface, and its cursor where it has one; only what differs from the last one is sent.
  func draw(_ surface: Surface)

  /// The events since the last call; empty when there are none.
  func pendingEvents() -> [InputEvent]

  /// Restores the screen for the program that runs next; nothing is drawn and no event is returned until ``resume()``.
  func suspend()

  /// Takes the screen again. Its size may have changed; the next ``draw(_:)`` sends everything.
  func resume()

  /// Puts text on the user's clipboard, where the terminal can and allows it.
  func copy(_ text: String)

  /// Names the window.
  func setTitle(_ title: String)

  /// Whether clicks and the wheel come as events; off at first, so that text can be selected with the mouse.
  func setMouse(_ isOn: Bool)

  func setProgress(_ progress: TaskbarProgress)
}

/// What a terminal can do; it does not change while it is open.
package struct TerminalCapabilities: Hashable, Sendable {
  package var colors: ColorTier
  /// Whether it shows more than ASCII: its locale is UTF-8 and its font has more than a PC's of 1981.
  package var isUnicode: Bool
  /// Whether text can be copied to the clipboard through it.
  package var hasClipboard: Bool

  package init(colors: ColorTier, isUnicode: Bool, hasClipboard: Bool) {
    self.colors = colors
    self.isUnicode = isUnicode
    self.hasClipboard = hasClipboard
  }

  /// The glyphs to draw with.
  package var glyphs: GlyphSet { isUnicode ? .unicode : .ascii }

  /// A theme as it can be shown.
  package func theme(_ name: ThemeName) -> Theme {
    Theme(name, tier: colors)
  }
}

/// What the window's entry in the taskbar shows.
package enum TaskbarProgress: Hashable, Sendable {
  case none
  /// 0 to 1.
  case part(Double)
  case busy
  case error
}
