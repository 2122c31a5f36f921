import TerminalUI
import UploadCore

extension DashboardModel {
  /// Handles an event of the terminal.
  /// - Returns: the effects that it needs.
  mutating func handle(_ event: InputEvent) -> [DashboardEffect] {
    switch event {
    case .key(let key): return press(key)
    case .paste(let text): return paste(text)
    case .mouse(let mouse): return handle(mouse)
    case .resize(let size): self.size = size
    case .focus: break
    case .closed: return [.quit]
    }
    return []
  }

  /// The context in which a key is looked up that is none of ``KeyContext/program`` and does not go to the file picker
  /// or the send dialog.
  var keyContext: KeyContext {
    switch question {
    case .quit: return .quitting
    case .cancel, .cancelTree, .cancelMarked: return .question
    case nil: break
    }
    if codeLink != nil, helpOffset == nil { return .link }
    return isTypingFilter && helpOffset == nil ? .filter : .dashboard
  }

  private mutating func press(_ key: KeyEvent) -> [DashboardEffect] {
    if let command = KeyTable.bindings(in: .program).command(for: key) {
      guard question == nil || command != .help else { return [] }
      // The first Ctrl-C asks for confirmation in every context, the second quits.
      if command == .quit {
        if case .quit = question { return [.quit] }
        helpOffset = nil
      }
      return perform(command)
    }
    if isSending, helpOffset == nil, question == nil { return handleWhileSending(.key(key)) }
    if let command = KeyTable.bindings(in: keyContext).command(for: key) {
      if isValid(command) { return perform(command) }
      if togglesClient, helpOffset == nil { noteClientSelected(command) }
      return []
    }
    if keyContext == .filter, filter.handle(key) { applyFilter() }
    return []
  }

  /// Closes help and QR code, and opens the send dialog for pasted paths: a terminal pastes the path of a dropped file. Other
  /// text goes into the filter that is being typed, or else is reported in a note. An open file picker or send dialog
  /// handles the paste itself; while a question is open, it is ignored.
  private mutating func paste(_ text: String) -> [DashboardEffect] {
    guard question == nil else { return [] }
    (helpOffset, linkIndex) = (nil, nil)
    if isSending { return handleWhileSending(.paste(text)) }
    let paths = PastedPaths.parse(text, home: facts.home)
    if !paths.isEmpty { return acceptsUploads() ? openSheet(paths) : [] }
    if isTypingFilter {
      filter.insert(text)
      applyFilter()
    } else {
      note(.info, "the pasted text is not a path: there is nothing to send")
    }
    return []
  }

  // MARK: Mouse

  private mutating func handle(_ mouse: MouseEvent) -> [DashboardEffect] {
    guard isMouseOn, question == nil, codeLink == nil || helpOffset != nil else { return [] }
    if isSending, helpOffset == nil { return handleWhileSending(.mouse(mouse)) }
    let (layout, steps) = (layout, mouse.action.steps)
    if helpOffset != nil {
      scrollHelp(by: steps)
    } else if layout.log.contains(mouse.position) {
      if view == .log { moveInLog(by: steps) }
    } else if view == .rejected || view == .clients {
      handleInTable(mouse)
    } else if let pane = Pane.allCases.first(where: { layout.rect(of: $0).contains(mouse.position) }) {
      handle(mouse, in: pane, layout)
    }
    return []
  }

  /// A click moves the focus to the pane and selects the upload below the pointer, if there is one. The wheel moves the
  /// selection of the pane's list, and leaves the focus where it is.
  private mutating func handle(_ mouse: MouseEvent, in pane: Pane, _ layout: ScreenLayout) {
    if mouse.action == .press { focusPane(pane) }
    guard let direction = pane.direction else { return }
    let list = shown[direction]
    let window = window(direction)
    if mouse.action == .press {
      let content = layout.listRect(of: pane)
      guard content.contains(mouse.position) else { return }
      let first = window.heights.start(of: place(direction).scroll.offset(window.heights, rows: window.rows))
      let row = mouse.position.y - content.y
      guard let index = window.heights.item(atRow: first + row) else { return }
      places[direction, default: ListPlace()].select(index, anchor: .upload, in: list, window)
    } else {
      places[direction, default: ListPlace()].move(by: mouse.action.steps, in: list, window)
    }
  }

  // MARK: Focus and motion

  mutating func focusPane(_ pane: Pane) {
    leaveTables()
    view = .panes
    focus = pane
    direction = pane.direction ?? direction
  }

  /// The text of the dialog that the keys move in: of a question, or of the QR code's dialog unless the help covers it.
  private var dialogText: DialogText? {
    if let question { return ConfirmOverlay.text(question, in: size) }
    guard helpOffset == nil, let codeLink else { return nil }
    let glyphs = capabilities.glyphs
    return LinkOverlay(link: codeLink, position: 1, count: 1, hints: []).text(in: size, glyphs)
  }

  /// Moves in a dialog, in the help, in the event log, or in the list of uploads, whichever is open.
  mutating func move(_ motion: Motion) {
    if let text = dialogText {
      dialogOffset = text.clamped(text.clamped(dialogOffset) + motion.steps(page: max(1, text.visible)))
    } else if helpOffset != nil {
      scrollHelp(by: motion.steps(page: HelpOverlay.extent(helpSections, size: size).visible))
    } else if view == .log {
      moveInLog(by: motion.steps(page: layout.visibleLogRows))
    } else if view == .rejected || view == .clients {
      moveInTable(motion)
    } else {
      // In the detail, the keys go through the list of its upload.
      let (list, window) = (shown[direction], window(direction))
      if motion == .top {
        places[direction, default: ListPlace()].anchor = .firstRow
      } else {
        let steps = motion.steps(page: window.visible(place(direction).scroll))
        places[direction, default: ListPlace()].move(by: steps, in: list, window)
      }
    }
  }

  private mutating func moveInLog(by steps: Int) {
    logScroll.move(by: steps, count: logEntries.count, visible: layout.visibleLogRows)
  }

  private mutating func scrollHelp(by steps: Int) {
    let (rows, visible) = HelpOverlay.extent(helpSections, size: size)
    helpOffset = HelpOverlay.clamped((helpOffset ?? 0) + steps, rows: rows, visible: visible)
  }

  // MARK: Filter

  /// Whether ``filter`` is that of the uploads.
  var usesPaneFilter: Bool { view != .log && view != .rejected }

  /// Arranges the uploads by the panes' filter, or by the last valid one, and selects the newest entry of the log. Call it
  /// after each change of ``filter``.
  mutating func applyFilter() {
    do throws(FilterProblem) {
      uploadFilter = try UploadFilter(parsing: paneFilter.text, isTyping: isTypingFilter)
      filterProblem = nil
    } catch {
      filterProblem = error
    }
    rearrange()
    logScroll = Scroll()
  }

  mutating func rearrange() {
    live.arrange(by: settings.sort, filter: uploadFilter)
    frozen?.arrange(by: settings.sort, filter: uploadFilter)
  }
}
