package import TerminalUI
import UploadCore

extension DashboardModel {
  /// Draws everything; a function of what is known and of nothing else, at any size.
  package func render() -> Surface {
    let glyphs = capabilities.glyphs.with(bar: settings.bar)
    var surface = Surface(size: size, theme: capabilities.theme(settings.theme), glyphs: glyphs)
    let layout = layout
    if layout.isSummary {
      surface.draw(SummaryView(state: shown, facts: facts, isFrozen: frozen != nil), in: surface.bounds)
      if isTypingFilter { drawFilter(on: &surface, in: surface.bounds.lastRow) }
    } else {
      drawScreen(layout, on: &surface)
    }
    if let sheet {
      surface.draw(sheet, in: sendingArea)
    } else if isPicking, let picker {
      surface.draw(picker, in: sendingArea)
    }
    if let helpOffset {
      surface.draw(HelpOverlay(sections: helpSections, offset: helpOffset), in: surface.bounds)
    }
    if let question {
      let overlay = ConfirmOverlay(question: question, hints: hints(in: .question, glyphs))
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
    if !layout.detail.isEmpty {
      let isFocused = focus == .detail || view == .detail
      surface.draw(DetailPane(record: selected, notes: facts.notes, isFocused: isFocused), in: layout.detail)
    }
    if !layout.log.isEmpty {
      // Beside the panes it shows the latest lines, whatever was read before.
      let isLarge = view == .log
      let pane = LogPane(
        entries: logEntries,
        scroll: isLarge ? logScroll : Scroll(),
        isFocused: isLarge,
        filter: filter.text
      )
      surface.draw(pane, in: layout.log)
    }
    if isTypingFilter {
      drawFilter(on: &surface, in: layout.footer)
    } else {
      let hints = footerHints(surface.glyphs)
      surface.draw(FooterView(hints: hints, last: shown.log.last, isNew: hasNewNote), in: layout.footer)
    }
  }

  private func drawPane(_ direction: UploadDirection, _ layout: ScreenLayout, on surface: inout Surface) {
    let pane = direction == .incoming ? Pane.incoming : .outgoing
    let rect = layout.rect(of: pane)
    guard !rect.isEmpty else { return }
    let view = UploadsPane(
      direction: direction,
      list: shown[direction],
      place: place(direction),
      isFocused: focus == pane,
      linesPerUpload: layout.linesPerUpload,
      settings: settings,
      filter: paneFilter.text,
      marked: direction == .outgoing && !isPicking ? picker?.marks.count ?? 0 : 0,
      facts: facts,
      rejectedCount: shown.rejectedCount
    )
    surface.draw(view, in: rect)
  }

  private func drawFilter(on surface: inout Surface, in rect: Rect) {
    surface.fill(rect)
    surface.draw(FilterLine(field: filter, hints: hints(in: .filter, surface.glyphs)), in: rect)
  }

  /// The groups of keys, first those of what is open.
  var helpSections: [KeySection] {
    isSending ? KeyTable.sendingSections + KeyTable.dashboardSections : KeyTable.sections
  }

  /// How long a note is shown at the expense of hints, in seconds.
  private static let noteSeconds = 10

  /// Whether what happened last is a note, and recent.
  private var hasNewNote: Bool {
    guard let last = shown.log.last, last.direction == nil else { return false }
    guard let time = last.time, let now = shown.time else { return true }
    return now.seconds(since: time) < Self.noteSeconds
  }

  private func footerHints(_ glyphs: GlyphSet) -> [KeyHint] {
    if helpOffset != nil { return hints(in: .dashboard, glyphs) }
    if let sheet { return Self.hints(sheet.keys, glyphs) }
    if isPicking, let picker { return Self.hints(picker.keys, glyphs) }
    return hints(in: .dashboard, glyphs)
  }

  private static func hints<Command>(_ bindings: [KeyBinding<Command>], _ glyphs: GlyphSet) -> [KeyHint] {
    bindings.compactMap { binding in
      guard let word = binding.hint, let key = binding.keys.first else { return nil }
      return KeyHint(key: key.label(glyphs), word: word)
    }
  }

  /// The keys that do something now, as the footer shows them.
  private func hints(in context: KeyContext, _ glyphs: GlyphSet) -> [KeyHint] {
    KeyTable.hints(in: context).compactMap { binding in
      guard context != .dashboard || isValid(binding.command), let key = binding.keys.first else { return nil }
      return KeyHint(key: key.label(glyphs), word: word(for: binding))
    }
  }

  /// What a key does now, where that is not always the same.
  private func word(for binding: KeyBinding<Command>) -> String {
    if binding.command == .freeze, frozen != nil { return "go on" }
    if binding.command == .detail, view == .detail { return "panes" }
    if binding.command == .quit, helpOffset != nil { return "close" }
    return binding.hint ?? ""
  }
}

extension Rect {
  /// Its last row; empty when it has none.
  fileprivate var lastRow: Rect {
    Rect(x: x, y: max(y, maxY - 1), width: width, height: min(1, height))
  }
}
