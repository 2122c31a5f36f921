import TerminalUI
import UploadCore

/// How the file picker draws one entry: a mark, the name, and its size and time or why it cannot be sent.
struct PickerRow {
  /// Where the columns are in a row so many cells wide.
  let name: Rect
  /// Size and time; empty where there is no space for them.
  private let details: Rect
  private let hasTime: Bool

  init(width: Int) {
    // The selection's mark, then the user's, then a space.
    let start = width >= 12 ? 3 : min(width, 1)
    hasTime = width >= 54
    let detailsWidth = hasTime ? Self.sizeWidth + 2 + Self.timeWidth : width >= 34 ? Self.sizeWidth : 0
    let end = max(start, width - 1 - detailsWidth)
    details = Rect(x: end, y: 0, width: detailsWidth, height: 1)
    let gap = detailsWidth > 0 ? 1 : 0
    name = Rect(x: start, y: 0, width: width - start - detailsWidth - gap - (width >= 12 ? 1 : 0), height: 1)
  }

  private static let sizeWidth = 10
  /// As in `2026-11-25 18:30`.
  private static let timeWidth = 16

  func drawTitles(on surface: inout Surface) {
    let style = surface.theme.dim
    surface.write("Name", x: name.x, y: 0, width: name.width, style: style)
    guard !details.isEmpty else { return }
    surface.write("Size", x: details.x, y: 0, width: Self.sizeWidth, style: style, alignment: .trailing)
    if hasTime { surface.write("Changed", x: details.x + Self.sizeWidth + 2, y: 0, style: style) }
  }

  func draw(_ entry: DirectoryEntry, isMarked: Bool, on surface: inout Surface) {
    let theme = surface.theme
    if isMarked {
      surface.put(surface.glyphs.checked, x: max(0, name.x - 2), y: 0, style: theme.good)
    }
    let isUsable = entry.problem == nil && entry.kind.isFileOrDirectory
    drawName(entry, style: isMarked ? theme.good : isUsable ? nameStyle(entry, theme) : theme.dim, on: &surface)
    if isUsable {
      drawDetails(entry, on: &surface)
    } else {
      let text = StyledText(reason(entry), theme.dim)
      surface.write(text, x: details.x, y: 0, width: details.width, alignment: hasTime ? .leading : .trailing)
    }
  }

  private func nameStyle(_ entry: DirectoryEntry, _ theme: Theme) -> Style {
    entry.kind == .directory ? theme.accent : theme.text
  }

  private func drawName(_ entry: DirectoryEntry, style: Style, on surface: inout Surface) {
    var text = StyledText(PlainText.sanitized(entry.name) + (entry.kind == .directory ? "/" : ""), style)
    if let target = entry.linkTarget {
      text.append(surface.glyphs.isUnicode ? " → " : " -> ", surface.theme.dim)
      text.append(PlainText.sanitized(target), surface.theme.dim)
    }
    // Of a name the end matters, for its extension; of a link its name does.
    let truncation: Truncation = entry.linkTarget == nil ? .middle : .end
    surface.write(text, x: name.x, y: 0, width: name.width, truncation: truncation)
  }

  private func drawDetails(_ entry: DirectoryEntry, on surface: inout Surface) {
    let size = entry.kind == .directory ? "" : entry.size.map { ByteSize.text($0) } ?? ""
    surface.write(StyledText(size), x: details.x, y: 0, width: min(Self.sizeWidth, details.width), alignment: .trailing)
    guard hasTime else { return }
    let time = StyledText(entry.modified, surface.theme.dim)
    surface.write(time, x: details.x + Self.sizeWidth + 2, y: 0, width: Self.timeWidth)
  }

  /// What stands in place of size and time.
  private func reason(_ entry: DirectoryEntry) -> String {
    if case .other(let word) = entry.kind { return word }
    return entry.problem ?? ""
  }
}

extension DirectoryEntry.Kind {
  var isFileOrDirectory: Bool {
    if case .other = self { false } else { true }
  }
}
