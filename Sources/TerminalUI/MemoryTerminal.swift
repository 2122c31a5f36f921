/// A terminal in memory, for tests and scripts: it records what is drawn and returns the events that were added. It has
/// no descriptor to wait for.
@MainActor
package final class MemoryTerminal: Terminal {
  package private(set) var size: Size
  package let capabilities: TerminalCapabilities
  package let inputDescriptor: Int32 = -1
  /// The frame that was drawn last; nil before the first.
  package private(set) var frame: Surface?
  /// The number of frames that were drawn, without those while it was suspended.
  package private(set) var frameCount = 0
  package private(set) var isSuspended = false
  package private(set) var isMouseOn = false
  package private(set) var title = ""
  package private(set) var progress = TaskbarProgress.none
  /// All copied texts, in order.
  package private(set) var copied: [String] = []
  /// How often the bell has rung.
  package private(set) var bellCount = 0
  /// The texts of all notifications, in order.
  package private(set) var notifications: [String] = []
  private var events: [InputEvent] = []

  package init(
    size: Size,
    capabilities: TerminalCapabilities = .init(colors: .colors256, isUnicode: true, hasClipboard: true)
  ) {
    (self.size, self.capabilities) = (size, capabilities)
  }

  /// The last frame's characters, each row with a newline at its end; empty before the first.
  package var text: String { frame?.text ?? "" }

  /// The last frame with escape sequences for its colours and attributes, each row with a newline at its end; empty
  /// before the first.
  package var ansiText: String { frame?.ansiText ?? "" }

  /// Adds events for the next call of ``pendingEvents()`` (while suspended, for the first one after ``resume()``). A
  /// resize changes ``size`` immediately.
  package func send(_ events: InputEvent...) {
    for case .resize(let size) in events { self.size = size }
    self.events += events
  }

  /// Adds a key event for each character of `text`, as ``send(_:)`` does.
  package func type(_ text: String) { events += text.map { .key(KeyEvent($0)) } }

  package func draw(_ surface: Surface) {
    guard !isSuspended else { return }
    frame = surface
    frameCount += 1
  }

  package func windowDidChange() {}

  package func pendingEvents() -> [InputEvent] {
    guard !isSuspended else { return [] }
    defer { events = [] }
    return events
  }

  package func suspend() { isSuspended = true }

  package func resume() { isSuspended = false }

  package func copy(_ text: String) { copied.append(text) }

  package func ringBell() { bellCount += 1 }

  package func notify(_ text: String) { notifications.append(text) }

  package func setTitle(_ title: String) { self.title = title }

  package func setMouse(_ isOn: Bool) { isMouseOn = isOn }

  package func setProgress(_ progress: TaskbarProgress) { self.progress = progress }
}
