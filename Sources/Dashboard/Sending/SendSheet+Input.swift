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
  /// Puts another of the offered targets into that field.
  case nextOffer, previousOffer
  /// Completes the address or name in that field, or goes to the next field.
  case completeTarget
  /// Begins, accepts or cancels typing a name for the target.
  case nameTarget, acceptName, cancelName
  /// Shows the texts below the fields alone, or goes back to the dialog.
  case readMessage, closeMessage
  case back, help

  /// The keys while no address is being typed.
  static let keys: [KeyBinding<SheetCommand>] = [
    KeyBinding([KeyEvent(.enter)], .send, hint: "send", help: "send the files"),
    KeyBinding([KeyEvent("m"), KeyEvent(.right), KeyEvent("l")], .nextMode, hint: "mode", help: "next mode"),
    KeyBinding([KeyEvent(.left), KeyEvent("h")], .previousMode, help: "previous mode"),
    KeyBinding([KeyEvent("t")], .editTarget, hint: "target", help: "send to another server"),
    KeyBinding([KeyEvent("s", .control)], .nameTarget, help: "name the target"),
    KeyBinding([KeyEvent(.tab)], .nextField, hint: "next field", help: "next field"),
    KeyBinding([KeyEvent(.tab, .shift)], .previousField, help: "previous field"),
    KeyBinding([KeyEvent(.escape), KeyEvent("q")], .back, hint: "back", help: "close without sending"),
    KeyBinding([KeyEvent("?")], .help, hint: "help", help: "toggle this help"),
    KeyBinding([KeyEvent(.up), KeyEvent("k")], .move(.up), help: "previous file or field"),
    KeyBinding([KeyEvent(.down), KeyEvent("j")], .move(.down), help: "next file or field"),
    KeyBinding([KeyEvent(.pageUp)], .move(.pageUp), help: "page up"),
    KeyBinding([KeyEvent(.pageDown)], .move(.pageDown), help: "page down"),
    KeyBinding([KeyEvent(" ")], .readMessage, help: "show the whole message"),
  ]

  /// The keys while an address is being typed; all other keys edit it.
  static let typingKeys: [KeyBinding<SheetCommand>] = [
    KeyBinding([KeyEvent(.enter)], .acceptTarget, hint: "accept", help: "accept the address; empty: this server"),
    KeyBinding([KeyEvent(.down)], .nextOffer, hint: "recent", help: "next recent or named target"),
    KeyBinding([KeyEvent(.up)], .previousOffer, help: "previous target, or field"),
    KeyBinding([KeyEvent("s", .control)], .nameTarget, hint: "name", help: "name the target"),
    KeyBinding([KeyEvent(.tab)], .completeTarget, help: "complete, or go to the next field"),
    KeyBinding([KeyEvent(.tab, .shift)], .previousField, help: "previous field"),
    KeyBinding([KeyEvent(.escape)], .back, hint: "back", help: "close without sending"),
  ]

  /// The keys while a name is being typed; all other keys edit it.
  static let namingKeys: [KeyBinding<SheetCommand>] = [
    KeyBinding([KeyEvent(.enter)], .acceptName, hint: "keep", help: "keep the name; empty: none"),
    KeyBinding([KeyEvent(.escape)], .cancelName, hint: "cancel", help: "cancel typing the name"),
  ]

  /// The keys while a message is shown alone, which has no space in the dialog.
  static let readingKeys: [KeyBinding<SheetCommand>] = [
    KeyBinding([KeyEvent(.up), KeyEvent("k")], .move(.up), help: "row up"),
    KeyBinding([KeyEvent(.down), KeyEvent("j")], .move(.down), hint: "scroll", help: "row down"),
    KeyBinding([KeyEvent(.pageUp)], .move(.pageUp), help: "page up"),
    KeyBinding([KeyEvent(.pageDown)], .move(.pageDown), help: "page down"),
    KeyBinding(
      [KeyEvent(.enter), KeyEvent(.escape), KeyEvent(" "), KeyEvent("q")],
      .closeMessage,
      hint: "close",
      help: "close the message"
    ),
  ]
}

extension SendSheet {
  /// The keys with a command in the current field.
  var keys: [KeyBinding<SheetCommand>] {
    if readOffset != nil { return SheetCommand.readingKeys }
    if naming != nil { return SheetCommand.namingKeys }
    return field == .target ? SheetCommand.typingKeys : SheetCommand.keys
  }

  /// Handles an event of the terminal; a resize, a change of focus and the end of the terminal have no effect.
  /// - Parameter area: the region of the screen in which the dialog is centered, and which mouse positions refer to.
  mutating func handle(_ event: InputEvent, in area: Rect) -> Outcome {
    let size = Size(width: area.width, height: area.height)
    let outcome: Outcome
    switch event {
    case .key(let key): outcome = handle(key, in: size)
    case .paste(let text):
      readOffset = nil
      outcome = paste(text)
    case .mouse(let mouse):
      guard let point = mouse.position(in: area) else { return .stay([]) }
      outcome = handle(mouse.action, at: point, in: size)
    case .resize, .focus, .closed: return .stay([])
    }
    // A message that the user has caused is shown whole, whatever the size of the screen.
    if message != nil, readOffset == nil, naming == nil, !showsWholeStatus(in: size) { readOffset = 0 }
    return outcome
  }

  private mutating func handle(_ key: KeyEvent, in size: Size) -> Outcome {
    let command = keys.command(for: key)
    if let readOffset {
      if let command { read(command, from: readOffset, in: size) }
      return .stay([])
    }
    message = nil
    if let command { return perform(command, visible: layout(in: size).visibleFiles) }
    if naming != nil { _ = naming?.field.handle(key) } else if field == .target { address.handle(key) }
    return .stay([])
  }

  /// Performs a command while the texts below the fields are shown alone.
  private mutating func read(_ command: SheetCommand, from offset: Int, in size: Size) {
    guard case .move(let motion) = command else {
      (readOffset, message) = (nil, nil)
      return
    }
    scrollMessage(by: motion, from: offset, in: size)
  }

  private mutating func scrollMessage(by motion: Motion, from offset: Int, in size: Size) {
    let text = messageText(in: size)
    readOffset = text.clamped(text.clamped(offset) + motion.steps(page: max(1, text.visible)))
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
    case .nextOffer: if !address.stepChoice(by: 1) { return focus(field.next) }
    case .previousOffer: if !address.stepChoice(by: -1) { return perform(.previousField, visible: visible) }
    case .completeTarget: if !address.complete() { return focus(field.next) }
    case .nameTarget: return beginNaming()
    case .acceptName: return acceptName()
    case .cancelName: naming = nil
    case .readMessage: readOffset = 0
    case .closeMessage: readOffset = nil
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
    if field != next { address.restart() }
    field = next
    return isLeaving && target != checkedTarget ? check() : .stay([])
  }

  /// Adds pasted paths to the files. Other text is inserted into the address while that is typed, or else rejected. While a
  /// name is typed, any text goes there.
  private mutating func paste(_ text: String) -> Outcome {
    message = nil
    if naming != nil {
      naming?.field.insert(text)
      return .stay([])
    }
    let pasted = PastedPaths.parse(text, home: home)
    if !pasted.isEmpty { return add(pasted) }
    if field == .target { address.insert(text) } else { message = "The pasted text is not a path." }
    return .stay([])
  }

  private mutating func handle(_ action: MouseEvent.Action, at point: Point, in size: Size) -> Outcome {
    if let readOffset {
      let motion: Motion = action == .scrollUp ? .up : .down
      if action == .press {
        read(.closeMessage, from: 0, in: size)
      } else {
        scrollMessage(by: motion, from: readOffset, in: size)
      }
      return .stay([])
    }
    let layout = layout(in: size)
    message = nil
    guard naming == nil else { return .stay([]) }
    switch action {
    case .scrollUp, .scrollDown: scroll.move(by: 3 * action.steps, count: paths.count, visible: layout.visibleFiles)
    case .press where layout.target.contains(point): return focus(.target)
    case .press where layout.offers.contains(point):
      let first = offerScroll(visible: layout.offers.height).offset
      address.choose(first + point.y - layout.offers.y)
      return focus(.files)
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
