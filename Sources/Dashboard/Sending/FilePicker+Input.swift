import TerminalUI

/// What a key does in the file picker.
enum PickerCommand: Hashable, Sendable {
  case move(Motion)
  /// Opens the directory under the cursor; on a file, does the same as ``choose``.
  case open
  /// Shows the parent directory.
  case leave
  case mark, markAll
  /// Chooses all that is marked; without marks, the file or directory under the cursor.
  case choose
  /// Chooses the directory that is shown.
  case chooseShown
  case filter, editPath, home, hidden, reload
  /// Cancels typing a path; otherwise clears the filter and ends typing it; without either, closes the picker.
  case back
  case help
  /// Ends typing the filter, which remains.
  case keepFilter
  /// Completes the typed path as far as all matching names agree, and lists them when there are several.
  case complete
  /// Shows the directory at the typed path, or chooses the file there.
  case go

  /// The state of the picker that decides what keys do.
  enum Context: Hashable, Sendable, CaseIterable {
    case browsing, filtering, typingPath

    /// The keys with a command. Other keys edit the text that is being typed, and do nothing while browsing.
    var keys: [KeyBinding<PickerCommand>] {
      switch self {
      case .browsing: PickerCommand.browsing
      case .filtering: PickerCommand.filtering
      case .typingPath: PickerCommand.typingPath
      }
    }
  }

  private static let browsing: [KeyBinding<PickerCommand>] = [
    KeyBinding([KeyEvent(.enter), KeyEvent(.right), KeyEvent("l")], .open, hint: "open", help: openHelp),
    KeyBinding([KeyEvent(" ")], .mark, hint: "mark", help: "toggle the mark on a file or directory"),
    KeyBinding([KeyEvent("a")], .markAll, help: "toggle the marks on all files shown"),
    KeyBinding([KeyEvent("s")], .choose, hint: "send", help: "send all marked, or the selected entry"),
    KeyBinding([KeyEvent("S")], .chooseShown, hint: "send all", help: "send the directory that is shown"),
    KeyBinding([KeyEvent(.left), KeyEvent(.backspace), KeyEvent("h")], .leave, hint: "up", help: "parent directory"),
    KeyBinding([KeyEvent("/")], .filter, hint: "filter", help: "filter the names by text"),
    KeyBinding([KeyEvent(":")], .editPath, hint: "path", help: "type a path"),
    KeyBinding([KeyEvent("~")], .home, hint: "home", help: "home directory"),
    KeyBinding([KeyEvent(".")], .hidden, hint: "hidden", help: "toggle hidden files"),
    KeyBinding([KeyEvent("r", .control), KeyEvent(.function(5))], .reload, help: "read the directory again"),
    KeyBinding([KeyEvent("g"), KeyEvent(.home)], .move(.top), help: "first entry"),
    KeyBinding([KeyEvent("G"), KeyEvent(.end)], .move(.bottom), help: "last entry"),
    KeyBinding([KeyEvent(.escape), KeyEvent("q")], .back, hint: "back", help: "clear the filter, or close"),
    KeyBinding([KeyEvent("?")], .help, hint: "help", help: "toggle this help"),
    KeyBinding([KeyEvent("k"), KeyEvent(.up)], .move(.up), help: "previous entry"),
    KeyBinding([KeyEvent("j"), KeyEvent(.down)], .move(.down), help: "next entry"),
    KeyBinding([KeyEvent(.pageUp), KeyEvent("b", .control)], .move(.pageUp), help: "page up"),
    KeyBinding([KeyEvent(.pageDown), KeyEvent("f", .control)], .move(.pageDown), help: "page down"),
  ]

  private static let filtering: [KeyBinding<PickerCommand>] = [
    KeyBinding([KeyEvent(.enter)], .open, hint: "open", help: openHelp),
    KeyBinding([KeyEvent(.tab)], .keepFilter, hint: "keep filter", help: "keep the filter"),
    KeyBinding([KeyEvent(.escape)], .back, hint: "clear filter", help: "clear the filter"),
    KeyBinding([KeyEvent(.up)], .move(.up), help: "previous entry"),
    KeyBinding([KeyEvent(.down)], .move(.down), help: "next entry"),
    KeyBinding([KeyEvent(.pageUp)], .move(.pageUp), help: "page up"),
    KeyBinding([KeyEvent(.pageDown)], .move(.pageDown), help: "page down"),
  ]

  private static let typingPath: [KeyBinding<PickerCommand>] = [
    KeyBinding([KeyEvent(.enter)], .go, hint: "go", help: "go there, or choose the file"),
    KeyBinding([KeyEvent(.tab)], .complete, hint: "complete", help: "complete the name"),
    KeyBinding([KeyEvent(.escape)], .back, hint: "back", help: "cancel typing the path"),
  ]

  private static let openHelp = "open a directory, or choose a file"
}

extension FilePicker {
  /// Handles an event of the terminal; a resize, a change of focus and the end of the terminal have no effect.
  /// - Parameter area: the picker's region of the screen, which mouse positions refer to.
  mutating func handle(_ event: InputEvent, in area: Rect) -> Outcome {
    let layout = layout(in: Size(width: area.width, height: area.height))
    switch event {
    case .key(let key): return handle(key, visible: layout.visible)
    case .paste(let text): return paste(text)
    case .mouse(let mouse):
      guard let point = mouse.position(in: area) else { return .stay([]) }
      return handle(mouse.action, at: point, layout)
    case .resize, .focus, .closed: return .stay([])
    }
  }

  private mutating func handle(_ key: KeyEvent, visible: Int) -> Outcome {
    message = nil
    if let command = context.keys.command(for: key) { return perform(command, visible: visible) }
    switch context {
    case .browsing: break
    case .filtering:
      let before = filter.text
      // As in a pager, Backspace in an empty filter ends typing it.
      if before.isEmpty, key == KeyEvent(.backspace) { context = .browsing }
      if filter.handle(key), filter.text != before { applyFilter() }
    case .typingPath: type(key)
    }
    return .stay([])
  }

  private mutating func perform(_ command: PickerCommand, visible: Int) -> Outcome {
    switch command {
    case .move(let motion): scroll.move(by: motion.steps(page: visible), count: entries.count, visible: visible)
    case .mark: return .stay(mark(visible: visible))
    case .markAll: markAll()
    case .hidden: keepingCursor { $0.showsHidden.toggle() }
    case .filter: context = .filtering
    case .keepFilter: context = .browsing
    case .editPath: editPath()
    case .open: return open()
    case .leave: return leave()
    case .choose: return choose()
    case .chooseShown: return chooseShown()
    case .home: return go(to: home)
    case .reload: return reload()
    case .back: return back()
    case .help: return .help
    case .complete: return startCompletion()
    case .go: return go(toPath: path.text.isEmpty ? directory : path.text)
    }
    return .stay([])
  }

  private mutating func open() -> Outcome {
    guard let selected else { return .stay([]) }
    if selected.kind == .directory, selected.problem == nil { return go(to: PickerPath.join(directory, selected.name)) }
    // Even when files are marked: the entry under the cursor would seem to be sent with them.
    return reject(selected) ? .stay([]) : choose()
  }

  /// Chooses the directory that is shown, whatever is marked in it.
  private mutating func chooseShown() -> Outcome {
    guard content == .read else { return .stay([]) }
    guard PickerPath.split(directory) != nil else {
      message = "The root directory cannot be sent. Open a directory."
      return .stay([])
    }
    return .choose([directory])
  }

  /// Chooses all that is marked; without marks, the file or directory under the cursor.
  private mutating func choose() -> Outcome {
    if !marks.isEmpty { return .choose(marks.paths) }
    guard let selected, !reject(selected) else { return .stay([]) }
    return .choose([PickerPath.join(directory, selected.name)])
  }

  /// - Returns: the effects that count a marked directory.
  private mutating func mark(visible: Int) -> [DashboardEffect] {
    guard let selected, !reject(selected) else { return [] }
    let path = PickerPath.join(directory, selected.name)
    var effects: [DashboardEffect] = []
    if marks.contains(path) {
      marks.remove([path])
    } else {
      effects = marks.add(path, size: selected.size, isDirectory: selected.kind == .directory)
    }
    scroll.move(by: 1, count: entries.count, visible: visible)
    return effects
  }

  /// Marks all shown files that can be sent; when all of these are marked, removes their marks.
  private mutating func markAll() {
    let files = entries.shownEntries.filter { $0.kind == .file && $0.sendProblem == nil }
      .map { (path: PickerPath.join(directory, $0.name), size: $0.size ?? 0) }
    if files.allSatisfy({ marks.contains($0.path) }) {
      marks.remove(Set(files.map(\.path)))
    } else {
      for file in files { _ = marks.add(file.path, size: file.size, isDirectory: false) }
    }
  }

  /// Changes which entries are shown. The cursor remains on its entry, or moves to the first when that is not shown.
  private mutating func keepingCursor(_ change: (inout PickerEntries) -> Void) {
    let name = selected?.name
    change(&entries)
    select(name)
  }

  private mutating func applyFilter() {
    let text = filter.text
    keepingCursor { $0.filter(by: text) }
  }

  private mutating func back() -> Outcome {
    switch context {
    case .typingPath:
      candidates = PickerEntries()
      lookup = nil
    case .browsing where filter.isEmpty: return .close
    case .browsing, .filtering:
      filter.clear()
      applyFilter()
    }
    context = .browsing
    return .stay([])
  }

  /// Goes to a single pasted path, and chooses several together with the marked files. Other text is inserted into the
  /// filter or path that is being typed; while browsing, a message rejects it.
  private mutating func paste(_ text: String) -> Outcome {
    message = nil
    let paths = PastedPaths.parse(text, home: home)
    if let path = paths.first {
      context = .browsing
      if paths.count == 1 { return go(toPath: path) }
      return .choose(marks.paths + paths.filter { !marks.contains($0) })
    }
    switch context {
    case .browsing: message = "The pasted text is not a path."
    case .filtering:
      filter.insert(text)
      applyFilter()
    case .typingPath: path.insert(text)
    }
    return .stay([])
  }

  private mutating func handle(_ action: MouseEvent.Action, at point: Point, _ layout: PickerLayout) -> Outcome {
    message = nil
    switch action {
    case .scrollUp, .scrollDown: scroll.move(by: 3 * action.steps, count: entries.count, visible: layout.visible)
    case .press where context == .typingPath: break
    case .press where layout.path.contains(point): editPath()
    case .press where layout.list.contains(point):
      let index = scroll.offset(count: entries.count, visible: layout.visible) + point.y - layout.list.y
      guard index < entries.count else { break }
      // A press on the selected entry opens it, as a double click does elsewhere.
      if index == scroll.selection { return open() }
      scroll.select(index, count: entries.count, visible: layout.visible)
    case .press: break
    }
    return .stay([])
  }
}
