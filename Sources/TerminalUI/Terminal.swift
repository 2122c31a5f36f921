/// A screen to draw on and a keyboard to read from. Call it on the main thread; no call waits for input.
@MainActor
package protocol Terminal: AnyObject {
  var size: Size { get }
  var capabilities: TerminalCapabilities { get }
  /// A descriptor that is readable when input has arrived, or when the terminal was closed; below 0 where there is
  /// none. Then call ``pendingEvents()``.
  var inputDescriptor: Int32 { get }

  /// Shows a surface of the terminal's ``size`` and its cursor. Sends only the differences to the previous surface,
  /// except after ``windowDidChange()`` and ``resume()``. Has no effect while suspended.
  func draw(_ surface: Surface)

  /// Adjusts ``size`` to the window, adds a resize event, and makes the next ``draw(_:)`` send everything. Call it on
  /// SIGWINCH, or to redraw a spoiled screen. Has no effect while suspended.
  func windowDidChange()

  /// Removes and returns the events since the last call, in order; empty when there are none. Does not wait.
  func pendingEvents() -> [InputEvent]

  /// Restores the screen for another program. Until ``resume()``, nothing is drawn and no event is returned.
  func suspend()

  /// Takes over the screen after ``suspend()``, and then does the same as ``windowDidChange()``.
  func resume()

  /// Copies text to the user's clipboard, if the terminal supports and allows it.
  func copy(_ text: String)

  /// Rings the terminal's bell.
  func ringBell()

  /// Shows a notification of the desktop, if the terminal supports it; rings the bell where it certainly does not, or
  /// where it may never arrive.
  func notify(_ text: String)

  /// Sets the window's title, if the terminal supports it.
  func setTitle(_ title: String)

  /// Sets whether clicks and the wheel are reported as events. Initially off, so that text can be selected with the
  /// mouse.
  func setMouse(_ isOn: Bool)

  /// Shows progress at the window's entry in the taskbar, if the terminal supports it.
  func setProgress(_ progress: TaskbarProgress)
}

/// The features of a terminal; they do not change while it is open.
package struct TerminalCapabilities: Hashable, Sendable {
  package var colors: ColorTier
  /// Whether it can show the symbols of ``GlyphSet/unicode``: its locale is UTF-8, and it is not Linux's console.
  package var isUnicode: Bool
  /// Whether the terminal may support ``Terminal/copy(_:)``; terminals do not confirm it.
  package var hasClipboard: Bool

  package init(colors: ColorTier, isUnicode: Bool, hasClipboard: Bool) {
    (self.colors, self.isUnicode, self.hasClipboard) = (colors, isUnicode, hasClipboard)
  }

  /// The glyphs to draw with: Unicode where the terminal can show them, otherwise ASCII.
  package var glyphs: GlyphSet { isUnicode ? .unicode : .ascii }

  /// A theme in the colours of this terminal.
  package func theme(_ name: ThemeName) -> Theme { Theme(name, tier: colors) }
}

/// The progress at the window's entry in the taskbar.
package enum TaskbarProgress: Hashable, Sendable {
  case none
  /// The finished part, 0 to 1.
  case part(Double)
  /// Progress of unknown length.
  case busy
  case error
}

/// How a program notifies the user of events while they look at something else.
package enum NotificationMode: String, Hashable, Sendable, CaseIterable {
  case none
  /// By ``Terminal/ringBell()``.
  case bell
  /// By ``Terminal/notify(_:)``.
  case desktop
}
