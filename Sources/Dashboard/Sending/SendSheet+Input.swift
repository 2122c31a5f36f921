import TerminalUI

/// What a key does in the send dialog.
enum SheetCommand: Hashable, Sendable {
  case move(Motion)
  case send
  case nextMode, previousMode
  case nextField, previousField
  /// Goes to the field for the target's address.
  case editTarget
  /// Leaves that field, and checks the address if it has changed.
  case acceptTarget
  case back, help

  /// The keys while no address is being typed.
  static let keys: [KeyBinding<SheetCommand>] = [
    KeyBinding([KeyEvent(.enter)], .send, hint: "send", help: "send the files"),
    KeyBinding([KeyEvent("m"), KeyEvent(.right), KeyEvent("l")], .nextMode, hint: "mode", help: "next mode"),
    KeyBinding([KeyEvent(.left), KeyEvent("h")], .previousMode, help: "previous mode"),
    KeyBinding([KeyEvent("t")], .editTarget, hint: "target", help: "send to another server"),
    KeyBinding([KeyEvent(.tab)], .nextField, hint: "next field", help: "next field"),
    KeyBinding([KeyEvent(.tab, .shift)], .previousField, help: "previous field"),
    KeyBinding([KeyEvent(.escape), KeyEvent("q")], .back, hint: "back", help: "close without sending"),
    KeyBinding([KeyEvent("?")], .help, hint: "help", help: "toggle this help"),
    KeyBinding([KeyEvent(.up), KeyEvent("k")], .move(.up), help: "previous file or field"),
    KeyBinding([KeyEvent(.down), KeyEvent("j")], .move(.down), help: "next file or field"),
    KeyBinding([KeyEvent(.pageUp)], .move(.pageUp), help: "page up"),
    KeyBinding([KeyEvent(.pageDown)], .move(.pageDown), help: "page down"),
  ]

  /// The keys while an address is being typed; all other keys edit it.
  static let typingKeys: [KeyBinding<SheetCommand>] = [
    KeyBinding([KeyEvent(.enter)], .acceptTarget, hint: "accept", help: "accept the address; empty: this server"),
    KeyBinding([KeyEvent(.tab), KeyEvent(.down)], .nextField, hint: "next field", help: "next field"),
    KeyBinding([KeyEvent(.tab, .shift), KeyEvent(.up)], .previousField, help: "previous field"),
    KeyBinding([KeyEvent(.escape)], .back, hint: "back", help: "close without sending"),
  ]
}

extension SendSheet {
  /// The keys with a command in the current field.
  var keys: [KeyBinding<SheetCommand>] { field == .target ? SheetCommand.typingKeys : SheetCommand.keys }

  /// Handles an event of the terminal; a resize, a change of focus and the end of the terminal have no effect.
  /// - Parameter area: the region of the screen in which the dialog is centered, and which mouse positions refer to.
  mutating func handle(_ event: InputEvent, in area: Rect) -> Outcome {
    let layout = layout(in: Size(width: area.width, height: area.height))
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
    if let command = keys.command(for: key) { return perform(command, visible: visible) }
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
    case .editTarget: return focus(.target)
    case .acceptTarget: return focus(.files)
    case .previousField: return focus(Field.allCases.stepping(-1, from: field))
    case .nextField: return focus(field.next)
    case .move(.up) where field != .files || scroll.selection == 0: return perform(.previousField, visible: visible)
    case .move(.down) where field != .files || scroll.selection >= paths.count - 1: return focus(field.next)
    case .move(let motion): scroll.move(by: motion.steps(page: visible), count: paths.count, visible: visible)
    }
    return .stay([])
  }

  /// Moves the focus to a field. When the address is left and has changed, checks it.
  private mutating func focus(_ next: Field) -> Outcome {
    let isLeaving = field == .target && next != .target
    field = next
    return isLeaving && target != checkedTarget ? check() : .stay([])
  }

  /// Adds pasted paths to the files. Other text is inserted into the address while that is typed, or else rejected.
  private mutating func paste(_ text: String) -> Outcome {
    message = nil
    let pasted = PastedPaths.parse(text, home: home)
    if !pasted.isEmpty { return add(pasted) }
    if field == .target { address.insert(text) } else { message = "The pasted text is not a path." }
    return .stay([])
  }

  private mutating func handle(_ action: MouseEvent.Action, at point: Point, _ layout: SheetLayout) -> Outcome {
    message = nil
    switch action {
    case .scrollUp, .scrollDown: scroll.move(by: 3 * action.steps, count: paths.count, visible: layout.visibleFiles)
    case .press where layout.target.contains(point): return focus(.target)
    case .press where layout.modes.contains(point):
      let row = point.y - layout.modes.y
      let showsRow = layout.modes.height == Self.modes.count && Self.modes.indices.contains(row)
      mode = showsRow ? Self.modes[row] : Self.modes.stepping(1, from: mode)
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
