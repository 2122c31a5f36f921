package import TerminalUI
import UploadCore

extension FilePicker {
  /// Takes what comes from the terminal.
  /// - Parameter area: where on the screen the picker is drawn: the mouse tells places on the screen.
  package mutating func handle(_ event: InputEvent, in area: Rect) -> Outcome {
    let layout = PickerLayout(Size(width: area.width, height: area.height), context: context)
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
    if let command = PickerCommand.command(for: key, context) { return perform(command, visible: visible) }
    switch context {
    case .browsing: break
    case .filtering:
      let before = filter.text
      // Backspace with nothing left to take away leaves the filter, as it does in a pager.
      if before.isEmpty, key == KeyEvent(.backspace) { context = .browsing }
      if filter.handle(key), filter.text != before { applyFilter() }
    case .typingPath: type(key)
    }
    return .stay([])
  }

  private mutating func perform(_ command: PickerCommand, visible: Int) -> Outcome {
    switch command {
    case .up: move(by: -1, visible: visible)
    case .down: move(by: 1, visible: visible)
    case .pageUp: move(by: -visible, visible: visible)
    case .pageDown: move(by: visible, visible: visible)
    case .first: move(by: -entries.count, visible: visible)
    case .last: move(by: entries.count, visible: visible)
    case .mark: mark(visible: visible)
    case .markAll: markAll()
    case .hidden: toggleHidden()
    case .filter: context = .filtering
    case .keepFilter: context = .browsing
    case .editPath: editPath()
    case .open: return open()
    case .leave: return leave()
    case .choose: return choose()
    case .home: return go(to: home)
    case .reload: return reload()
    case .back: return back()
    case .help: return .help
    case .complete: return startCompletion()
    case .go: return go(toPath: path.text.isEmpty ? directory : path.text)
    }
    return .stay([])
  }

  private mutating func move(by steps: Int, visible: Int) {
    scroll.move(by: steps, count: entries.count, visible: visible)
  }

  private mutating func open() -> Outcome {
    guard let selected else { return .stay([]) }
    if selected.kind == .directory, selected.problem == nil {
      return go(to: PickerPath.join(directory, selected.name))
    }
    // Not even when files are marked: what is under the cursor would seem to be sent with them.
    if let obstacle = Self.obstacle(selected) { return reject(selected, obstacle) }
    return choose()
  }

  /// What is marked, or else the file under the cursor.
  private mutating func choose() -> Outcome {
    if !marks.isEmpty { return .choose(marks.paths) }
    guard let selected else { return .stay([]) }
    if let obstacle = Self.obstacle(selected) { return reject(selected, obstacle) }
    return .choose([PickerPath.join(directory, selected.name)])
  }

  private mutating func reject(_ entry: DirectoryEntry, _ obstacle: String) -> Outcome {
    message = "\(PlainText.sanitized(entry.name)): \(obstacle)"
    return .stay([])
  }

  private mutating func mark(visible: Int) {
    guard let selected else { return }
    if let obstacle = Self.obstacle(selected) {
      message = "\(PlainText.sanitized(selected.name)): \(obstacle)"
    } else {
      marks.toggle(PickerPath.join(directory, selected.name), size: selected.size ?? 0)
      move(by: 1, visible: visible)
    }
  }

  /// Marks all files that are shown; where they all are, takes their marks away.
  private mutating func markAll() {
    let files = entries.shownEntries.filter { Self.obstacle($0) == nil }
      .map { (path: PickerPath.join(directory, $0.name), size: $0.size ?? 0) }
    if files.allSatisfy({ marks.contains($0.path) }) {
      marks.remove(Set(files.map(\.path)))
    } else {
      for file in files { marks.add(file.path, size: file.size) }
    }
  }

  private mutating func toggleHidden() {
    let name = selected?.name
    entries.setHidden(!entries.showsHidden)
    select(name)
  }

  private mutating func applyFilter() {
    let name = selected?.name
    entries.filter(by: filter.text)
    select(name)
  }

  private mutating func back() -> Outcome {
    if context == .typingPath {
      context = .browsing
      dropCandidates()
      lookup = nil
      return .stay([])
    }
    guard context == .filtering || !filter.isEmpty else { return .close }
    context = .browsing
    filter.clear()
    applyFilter()
    return .stay([])
  }

  /// A path goes there; several are chosen; anything else is typed, where something is typed.
  private mutating func paste(_ text: String) -> Outcome {
    message = nil
    let paths = PastedPaths.parse(text, home: home)
    if !paths.isEmpty {
      context = .browsing
      if paths.count == 1 { return go(toPath: paths[0]) }
      return .choose(marks.paths + paths.filter { !marks.contains($0) })
    }
    switch context {
    case .browsing: message = "What was pasted is no path."
    case .filtering:
      filter.insert(text)
      applyFilter()
    case .typingPath:
      dropCandidates()
      path.insert(text)
    }
    return .stay([])
  }

  private mutating func handle(_ action: MouseEvent.Action, at point: Point, _ layout: PickerLayout) -> Outcome {
    message = nil
    switch action {
    case .scrollUp: move(by: -3, visible: layout.visible)
    case .scrollDown: move(by: 3, visible: layout.visible)
    case .press where context == .typingPath: break
    case .press where layout.path.contains(point): editPath()
    case .press where layout.list.contains(point):
      let index = scroll.offset(count: entries.count, visible: layout.visible) + point.y - layout.list.y
      guard index < entries.count else { break }
      // A second press opens, as a double click does elsewhere.
      if index == scroll.selection { return open() }
      scroll.select(index, count: entries.count, visible: layout.visible)
    case .press: break
    }
    return .stay([])
  }
}
