package import TerminalUI

extension SendSheet {
  /// Takes what comes from the terminal.
  /// - Parameter area: where on the screen the sheet is drawn: the mouse tells places on the screen.
  package mutating func handle(_ event: InputEvent, in area: Rect) -> Outcome {
    let layout = SheetLayout(Size(width: area.width, height: area.height), files: paths.count)
    switch event {
    case .key(let key): return handle(key, visible: layout.visibleFiles)
    case .paste(let text): return paste(text)
    case .mouse(let mouse):
      guard let point = mouse.position(in: area) else { return .stay([]) }
      return handle(mouse.action, at: point, layout)
    case .resize, .focus, .closed: return .stay([])
    }
  }

  private mutating func handle(_ key: KeyEvent, visible: Int) -> Outcome {
    message = nil
    if let command = keys.first(where: { $0.keys.contains(key) })?.command {
      return perform(command, visible: visible)
    }
    if field == .target { _ = address.handle(key) }
    return .stay([])
  }

  private mutating func perform(_ command: SheetCommand, visible: Int) -> Outcome {
    switch command {
    case .send: return send()
    case .back: return .back
    case .help: return .help
    case .nextMode: mode = Self.modes.stepping(1, from: mode)
    case .previousMode: mode = Self.modes.stepping(-1, from: mode)
    case .nextField: return stepField(by: 1)
    case .previousField: return stepField(by: -1)
    case .editTarget: return focus(.target)
    case .takeTarget: return focus(.files)
    case .up where field == .files && scroll.selection > 0: moveFile(by: -1, visible: visible)
    case .down where field == .files && scroll.selection < paths.count - 1: moveFile(by: 1, visible: visible)
    case .up: return stepField(by: -1)
    case .down: return stepField(by: 1)
    case .pageUp: moveFile(by: -visible, visible: visible)
    case .pageDown: moveFile(by: visible, visible: visible)
    }
    return .stay([])
  }

  private mutating func moveFile(by steps: Int, visible: Int) {
    scroll.move(by: steps, count: paths.count, visible: visible)
  }

  private mutating func stepField(by step: Int) -> Outcome {
    focus(Field.allCases.stepping(step, from: field))
  }

  /// Gives the keys to a field; the address is looked at when it is left.
  private mutating func focus(_ next: Field) -> Outcome {
    let isLeaving = field == .target && next != .target
    field = next
    return isLeaving ? checkTarget() : .stay([])
  }

  /// Paths are added to the files; anything else is an address.
  private mutating func paste(_ text: String) -> Outcome {
    message = nil
    let pasted = PastedPaths.parse(text, home: home)
    if !pasted.isEmpty { return add(pasted) }
    if field == .target { address.insert(text) } else { message = "What was pasted is no path." }
    return .stay([])
  }

  private mutating func handle(_ action: MouseEvent.Action, at point: Point, _ layout: SheetLayout) -> Outcome {
    message = nil
    switch action {
    case .scrollUp: moveFile(by: -3, visible: layout.visibleFiles)
    case .scrollDown: moveFile(by: 3, visible: layout.visibleFiles)
    case .press where layout.target.contains(point): return focus(.target)
    case .press where layout.modes.contains(point):
      mode = layout.showsAllModes ? Self.modes[point.y - layout.modes.y] : Self.modes.stepping(1, from: mode)
      return focus(.mode)
    case .press where layout.files.contains(point):
      let offset = scroll.offset(count: paths.count, visible: layout.visibleFiles)
      scroll.select(offset + point.y - layout.files.y, count: paths.count, visible: layout.visibleFiles)
      return focus(.files)
    case .press: break
    }
    return .stay([])
  }
}

/// What a key asks of the send sheet.
package enum SheetCommand: Hashable, Sendable {
  case send
  case nextMode
  case previousMode
  case nextField
  case previousField
  case up
  case down
  case pageUp
  case pageDown
  /// To the field that takes another address.
  case editTarget
  /// Takes the address that was typed.
  case takeTarget
  /// To where the files were chosen.
  case back
  /// Shows all keys.
  case help

  /// The keys while nothing is typed.
  package static let keys: [KeyBinding<SheetCommand>] = [
    KeyBinding([KeyEvent(.enter)], .send, hint: "send", help: "send the files"),
    KeyBinding([KeyEvent("m"), KeyEvent(.right), KeyEvent("l")], .nextMode, hint: "mode", help: "the next mode"),
    KeyBinding([KeyEvent(.left), KeyEvent("h")], .previousMode, help: "the mode before"),
    KeyBinding([KeyEvent("t")], .editTarget, hint: "target", help: "send to another address"),
    KeyBinding([KeyEvent(.tab)], .nextField, hint: "next field", help: "the next field"),
    KeyBinding([KeyEvent(.tab, .shift)], .previousField, help: "the field before"),
    KeyBinding([KeyEvent(.escape), KeyEvent("q")], .back, hint: "back", help: "back to choosing files"),
    KeyBinding([KeyEvent("?")], .help, hint: "help", help: "all keys"),
    KeyBinding([KeyEvent(.up), KeyEvent("k")], .up, help: "up"),
    KeyBinding([KeyEvent(.down), KeyEvent("j")], .down, help: "down"),
    KeyBinding([KeyEvent(.pageUp)], .pageUp, help: "a page up"),
    KeyBinding([KeyEvent(.pageDown)], .pageDown, help: "a page down"),
  ]

  /// The keys while an address is typed; all others type.
  package static let typingKeys: [KeyBinding<SheetCommand>] = [
    KeyBinding([KeyEvent(.enter)], .takeTarget, hint: "take it", help: "take the address; empty means this server"),
    KeyBinding([KeyEvent(.tab), KeyEvent(.down)], .nextField, hint: "next field", help: "the next field"),
    KeyBinding([KeyEvent(.tab, .shift), KeyEvent(.up)], .previousField, help: "the field before"),
    KeyBinding([KeyEvent(.escape)], .back, hint: "back", help: "back to choosing files"),
  ]
}
