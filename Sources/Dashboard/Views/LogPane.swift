import TerminalUI
import UploadCore

/// What has happened, newest first.
struct LogPane: Widget {
  let entries: [LogEntry]
  let scroll: Scroll
  let isFocused: Bool
  let filter: String

  func draw(on surface: inout Surface) {
    let count = filter.isEmpty ? "\(entries.count)" : "\(entries.count) with \"\(filter)\""
    let panel = Panel("Event log", trailing: StyledText(count), isFocused: isFocused)
    surface.draw(panel, in: surface.bounds)
    let content = Panel.content(of: surface.bounds)
    guard !entries.isEmpty else {
      let words = filter.isEmpty ? "Nothing has happened yet." : "Nothing contains \"\(filter)\"."
      return surface.draw(Placeholder(lines: [StyledText(words, surface.theme.dim)]), in: content)
    }
    let list = ItemList(count: entries.count, scroll: scroll, isFocused: isFocused) { index, _, surface in
      guard entries.indices.contains(index) else { return }
      LogLine(entry: entries[index]).draw(on: &surface)
    }
    surface.draw(list, in: content)
  }
}
