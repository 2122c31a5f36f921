import CNCurses
import Glibc
import TerminalUI

/// Reads events of the keyboard and the mouse from ncurses. Not to be used after the terminal is closed.
struct InputReader {
  let handle: OpaquePointer
  let descriptor: Int32
  private(set) var decoder = InputDecoder()

  /// The most units that one call of ``events()`` reads, so that endless input does not prevent drawing.
  private static let limit = 1 << 16

  /// Discards an incomplete sequence or paste; call it on resume, since its rest may have gone to another program.
  mutating func reset() { decoder = InputDecoder() }

  /// Removes and returns the events since the last call; the last is `closed` when the terminal is gone. Waits only for
  /// the rest of an escape sequence, at most 25 ms each.
  mutating func events() -> [InputEvent] {
    var events: [InputEvent] = []
    for _ in 0..<Self.limit {
      let input = cncurses_read(handle)
      guard Int(input.kind) != CNCURSES_INPUT_NONE else {
        if let event = decoder.idle() { events.append(event) }
        if isClosed { events.append(.closed) }
        break
      }
      decode(input, into: &events)
    }
    return events
  }

  private mutating func decode(_ input: cncurses_input, into events: inout [InputEvent]) {
    switch Int(input.kind) {
    case CNCURSES_INPUT_KEY:
      if let key = Self.key(Int(input.value)), let event = decoder.feed(.key(key)) { events.append(event) }
    case CNCURSES_INPUT_MOUSE:
      guard let action = Self.mouseActions[Int(input.value)] else { return }
      events.append(.mouse(MouseEvent(action, at: Point(x: Int(input.x), y: Int(input.y)))))
    default:
      events += withUnsafeBytes(of: input.bytes) { $0.prefix(Int(input.length)).compactMap { decoder.feed(.byte($0)) } }
    }
  }

  /// Whether the terminal was closed: it is readable without input. Otherwise the main loop would spin.
  private var isClosed: Bool {
    var ready = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
    guard poll(&ready, 1, 0) > 0 else { return false }
    if ready.revents & Int16(POLLERR | POLLHUP | POLLNVAL) != 0 { return true }
    var count: Int32 = 0
    return ioctl(descriptor, UInt(FIONREAD), &count) != 0 || count == 0
  }

  private static func key(_ number: Int) -> Key? {
    number > CNCURSES_KEY_FUNCTION ? .function(number - CNCURSES_KEY_FUNCTION) : keys[number]
  }

  private static let mouseActions: [Int: MouseEvent.Action] = [
    CNCURSES_MOUSE_PRESS: .press, CNCURSES_MOUSE_SCROLL_UP: .scrollUp, CNCURSES_MOUSE_SCROLL_DOWN: .scrollDown,
  ]

  private static let keys: [Int: Key] = [
    CNCURSES_KEY_UP: .up, CNCURSES_KEY_DOWN: .down, CNCURSES_KEY_LEFT: .left, CNCURSES_KEY_RIGHT: .right,
    CNCURSES_KEY_HOME: .home, CNCURSES_KEY_END: .end, CNCURSES_KEY_PAGE_UP: .pageUp,
    CNCURSES_KEY_PAGE_DOWN: .pageDown, CNCURSES_KEY_INSERT: .insert, CNCURSES_KEY_DELETE: .delete,
    CNCURSES_KEY_BACKSPACE: .backspace, CNCURSES_KEY_ENTER: .enter,
  ]
}
