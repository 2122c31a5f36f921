package import TerminalUI
import UploadCore

extension DashboardModel {
  /// Draws the screen at the terminal's size. Depends on the model's state only.
  package func render() -> Surface {
    let glyphs = capabilities.glyphs.with(bar: settings.bar)
    var surface = Surface(size: size, theme: capabilities.theme(settings.theme), glyphs: glyphs)
    let layout = layout
    if layout.isSummary {
      let summary = SummaryView(state: shown, facts: facts, isFrozen: frozen != nil, isQuitting: isQuitting)
      surface.draw(summary, in: surface.bounds)
      let lastRow = Rect(x: 0, y: size.height - 1, width: size.width, height: min(1, size.height))
      if isTypingFilter { drawFilter(on: &surface, in: lastRow) }
    } else {
      drawScreen(layout, on: &surface)
    }
    if let sheet {
      surface.draw(sheet, in: sendingArea)
    } else if isPicking, let picker {
      surface.draw(picker, in: sendingArea)
    }
    if let codeLink, let linkIndex {
      let overlay = LinkOverlay(
        link: codeLink,
        position: linkIndex + 1,
        count: facts.links.count,
        hints: hints(in: .link, glyphs),
        offset: dialogOffset
      )
      surface.draw(overlay, in: surface.bounds)
    }
    if let helpOffset { surface.draw(HelpOverlay(sections: helpSections, offset: helpOffset), in: surface.bounds) }
    if let question {
      let overlay = ConfirmOverlay(question: question, hints: hints(in: keyContext, glyphs), offset: dialogOffset)
      surface.draw(overlay, in: surface.bounds)
    }
    return surface
  }

  private func drawScreen(_ layout: ScreenLayout, on surface: inout Surface) {
    surface.draw(HeaderView(state: shown, facts: facts, isFrozen: frozen != nil), in: layout.header)
    if let warning = facts.warning, !layout.warning.isEmpty {
      let text = StyledText("! \(warning)", surface.theme.warning)
      surface.write(text, x: 1, y: layout.warning.y, width: layout.warning.width - 2)
    }
    for direction in UploadDirection.allCases { drawPane(direction, layout, on: &surface) }
    let detail = layout.rect(of: .detail)
    if !detail.isEmpty {
      let isFocused = focus == .detail || view == .detail
      surface.draw(DetailPane(record: selected, notes: facts.notes, isFocused: isFocused), in: detail)
    }
    if !layout.log.isEmpty {
      // Beside the panes it always shows the latest entries.
      let isLarge = view == .log
      let scroll = isLarge ? logScroll : Scroll()
      let pane = LogPane(entries: logEntries, scroll: scroll, isFocused: isLarge, filter: filter.text)
      surface.draw(pane, in: layout.log)
    }
    drawTable(layout, on: &surface)
    if isTypingFilter { return drawFilter(on: &surface, in: layout.footer) }
    let hints = footerHints(surface.glyphs)
    surface.draw(FooterView(hints: hints, last: shown.log.entries.last, isNew: hasNewNote), in: layout.footer)
  }

  private func drawPane(_ direction: UploadDirection, _ layout: ScreenLayout, on surface: inout Surface) {
    let pane = Pane(direction)
    let rect = layout.rect(of: pane)
    guard !rect.isEmpty else { return }
    let view = UploadsPane(
      direction: direction,
      list: shown[direction],
      scroll: place(direction).scroll,
      isFocused: focus == pane,
      form: layout.form(of: pane),
      rowsPerUpload: layout.rowsPerUpload(in: pane),
      hasTitles: layout.hasTitles(in: pane),
      settings: settings,
      filter: uploadFilter.text,
      marks: marks,
      marked: direction == .outgoing && !isPicking ? picker?.marks.count ?? 0 : 0,
      facts: facts,
      finished: shown.finished[direction] ?? FinishedFiles(),
      rejectedCount: direction == .incoming ? shown.rejectedCount : 0
    )
    surface.draw(view, in: rect)
  }

  /// Draws the filter that is being typed into the last row, and what is wrong with it above.
  private func drawFilter(on surface: inout Surface, in rect: Rect) {
    let row = FilterRow(
      filter: filter,
      problem: usesPaneFilter ? filterProblem : nil,
      hasFields: usesPaneFilter,
      hints: hints(in: .filter, surface.glyphs)
    )
    surface.draw(row, in: Rect(x: rect.x, y: 0, width: rect.width, height: rect.maxY))
  }

  /// All sections of the help: those of file picker and send dialog come first while one of these is open, otherwise
  /// last.
  var helpSections: [KeySection] {
    isSending ? KeyTable.sendingSections + KeyTable.dashboardSections : KeyTable.sections
  }

  /// How long a note is shown in place of key hints, in seconds.
  private static let noteSeconds = 10

  /// Whether the latest log entry is a note, and less than ten seconds older than the snapshot that is shown, if any.
  private var hasNewNote: Bool {
    guard let last = shown.log.entries.last, last.isNote else { return false }
    guard let time = last.time, let now = shown.time else { return true }
    return now.seconds(since: time) < Self.noteSeconds
  }

  /// Whether the footer shows a command of the dashboard: if it is valid now. That for the rejected requests is valid
  /// without any of them, too, and the one for pausing also for uploads that cannot be paused, for which it says why.
  private func isHinted(_ command: Command, _ targets: CommandTargets) -> Bool {
    if command == .rejected { return shown.rejectedCount > 0 && view != .rejected && isValid(command) }
    return isValid(command, targets) && (command != .pause || targets.hasPausable)
  }

  private func footerHints(_ glyphs: GlyphSet) -> [KeyHint] {
    if helpOffset == nil, let sheet { return sheet.keys.compactMap { KeyHint($0, glyphs) } }
    if helpOffset == nil, isPicking, let picker { return picker.context.keys.compactMap { KeyHint($0, glyphs) } }
    return hints(in: helpOffset == nil && codeLink != nil ? .link : .dashboard, glyphs)
  }

  /// The hints of a context for the footer, some of them changed to the current effect of their key. Those of the
  /// dashboard and of the QR code are left out unless their command is valid now.
  private func hints(in context: KeyContext, _ glyphs: GlyphSet) -> [KeyHint] {
    // Once per frame: only these bindings have commands that apply to uploads.
    let targets = context == .dashboard ? commandTargets : CommandTargets([])
    let bindings = KeyTable.bindings(in: context).filter { binding in
      ![.dashboard, .link].contains(context) || isHinted(binding.command, targets)
    }
    return bindings.compactMap { binding in
      var binding = binding
      if binding.command == .pause, targets.resumes { binding.hint = "resume" }
      if binding.command == .quit, isQuitting, helpOffset == nil { binding.hint = "quits when finished" }
      if binding.command == .freeze, frozen != nil { binding.hint = "resume" }
      if binding.command == .detail, view == .detail { binding.hint = "panes" }
      if binding.command == .detail, togglesClient { binding.hint = isClientOpen ? "close" : "open" }
      if binding.command == .detail, togglesTree { binding.hint = selected?.tree?.isOpen == true ? "close" : "open" }
      if binding.command == .quit, helpOffset != nil { binding.hint = "close" }
      return KeyHint(binding, glyphs)
    }
  }
}
