/// A screen to draw on and a keyboard to read from. All on one thread, and nothing here waits.
@MainActor
package protocol Terminal: AnyObject {
  var size: Size { get }
  var capabilities: TerminalCapabilities { get }

  /// Shows a surface, and its cursor where it has one; only what differs from the last one is sent.
  func draw(_ surface: Surface)

  /// What has come since the last call; empty when there is nothing.
  func pendingEvents() -> [InputEvent]

  /// Gives the screen back as it was, to whoever runs next; nothing is drawn and no event comes until ``resume()``.
  func suspend()

  /// Takes the screen again. Its size may have changed; the next ``draw(_:)`` sends everything.
  func resume()

  /// Puts text on the user's clipboard, where the terminal can and lets us.
  func copy(_ text: String)

  /// Names the window.
  func setTitle(_ title: String)

  /// Whether clicks and the wheel come as events; off at first, so that text can be selected with the mouse.
  func setMouse(_ isOn: Bool)

  func setProgress(_ progress: TaskbarProgress)
}
