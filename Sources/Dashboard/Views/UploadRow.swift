import TerminalUI
import UploadCore
import UploadReport

/// One upload or tree in a pane, in the rows of its layout.
struct UploadRow: Widget {
  let record: UploadRecord
  let layout: UploadRowLayout

  private var upload: UploadSnapshot { record.now }

  func draw(on surface: inout Surface) {
    let reason = upload.failure?.message ?? upload.retryReason
    for (y, row) in layout.rows.enumerated() {
      for place in row where !(place.field == .bar && reason != nil) {
        surface.within(Rect(x: place.x, y: y, width: place.width, height: 1)) { draw(place.field, on: &$0) }
      }
    }
    if let reason { draw(reason, on: &surface) }
  }

  /// Draws the reason of a failure or retry in place of the bar. Below the first row it gets the space of all fields
  /// behind the bar too, and when it is longer also that of the last row.
  private func draw(_ reason: String, on surface: inout Surface) {
    let places = layout.rows.enumerated().compactMap { y, row in row.first { $0.field == .bar }.map { (y, $0) } }
    guard let (y, place) = places.first else { return }
    let width = y > 0 ? surface.width - 1 - place.x : place.width
    let rows = y > 0 ? reason.wrapped(to: width, limit: layout.rows.count - y) : [reason]
    for (index, row) in rows.enumerated() {
      surface.fill(Rect(x: place.x, y: y + index, width: width, height: 1))
      surface.write(StyledText(row, surface.theme.text), x: place.x, y: y + index, width: width)
    }
  }

  /// Draws a field into its place, which is the region of `surface`.
  private func draw(_ field: UploadRowLayout.Field, on surface: inout Surface) {
    let theme = surface.theme
    let isRunning = record.isRunning
    let isMoving = isRunning && !upload.isResting
    let numbers = isMoving ? theme.text : theme.dim
    switch field {
    case .name: drawName(isMoving ? theme.title : theme.dim, on: &surface)
    case .mode: write(record.modeText, theme.dim, on: &surface)
    case .peer: write(upload.sender ?? upload.remote, theme.dim, on: &surface)
    case .status:
      write(record.stateText, record.hasLosses ? theme.bad : theme.style(of: upload.state), on: &surface)
      if let rate = upload.shownRate { write(ByteSize.rateText(rate), numbers, at: .trailing, on: &surface) }
    case .time: write(upload.shownTime, numbers, at: .trailing, on: &surface)
    case .bar: surface.draw(bar, in: surface.bounds)
    case .percent:
      if let parts = record.barParts {
        let style = upload.isResting ? theme.dim : theme.text
        write(Figures.percent(parts.received), style, at: .trailing, on: &surface)
      }
    case .sizes: drawSizes(numbers, on: &surface)
    case .spark: if isMoving { surface.draw(Graph(record.recent), in: surface.bounds) }
    case .memory where upload.isResting: write(upload.expiryText ?? "", theme.dim, at: .trailing, on: &surface)
    case .memory:
      let text = Figures.memory(isRunning ? upload.residentBytes : upload.peakResidentBytes)
      let label = isRunning ? "mem" : "peak"
      // The widest numbers leave no space for the longer label.
      if label.utf8.count + text.utf8.count < surface.width { write(label, theme.dim, on: &surface) }
      write(text, numbers, at: .trailing, on: &surface)
    case .note: write(note, theme.dim, at: .trailing, truncation: .start, on: &surface)
    }
  }

  /// Draws the name: of a tree with its counts, `photos/: 1,204 of 10,000 files`, which are truncated last; of a file in
  /// a tree behind a mark.
  private func drawName(_ style: Style, on surface: inout Surface) {
    guard let tree = record.tree?.now else {
      let indent = record.isInTree && surface.width >= 12 ? 2 : 0
      if indent > 0 { surface.put(surface.glyphs.separator, x: 0, y: 0, style: surface.theme.dim) }
      let rest = Rect(x: indent, y: 0, width: surface.width - indent, height: 1)
      return surface.within(rest) { write(upload.name, style, truncation: .middle, on: &$0) }
    }
    let short = [tree.filesFinished, tree.files].compactMap { $0.map(\.grouped) }.joined(separator: "/")
    let counts = [": \(tree.filesText)", ": \(short)"]
    let name = upload.name.columns
    let fitting = counts.first { min(name, 8) + $0.columns <= surface.width } ?? ""
    let columns = min(name, surface.width - fitting.columns)
    surface.write(StyledText(upload.name, style), x: 0, y: 0, width: columns, truncation: .middle)
    surface.write(StyledText(fitting, style), x: columns, y: 0, width: surface.width - columns)
  }

  private var bar: Gauge {
    if let parts = record.barParts { return Gauge(received: parts.received, stored: parts.stored) }
    return record.isRunning ? Gauge(tick: record.motion) : Gauge(received: 0, stored: 0)
  }

  /// Draws `512.0M/1.9G`, with `≤` before a size that is only an upper limit; for a complete upload `1.9G`.
  private func drawSizes(_ style: Style, on surface: inout Surface) {
    var text = StyledText(Figures.compact(upload.shownBytes), style)
    if let size = upload.size, upload.state != .done {
      let atMost = surface.glyphs.isUnicode ? "≤" : "<"
      text.append("/\(upload.sizeExact ? "" : atMost)\(Figures.compact(size))", surface.theme.dim)
    }
    surface.write(text, x: 0, y: 0, width: surface.width, alignment: .trailing)
  }

  /// The type and the final name of a complete upload; what is stored, or the average rate, of a running one; otherwise
  /// empty.
  private var note: String {
    if record.tree != nil, !record.isRunning { return "" }
    if let file = upload.finishedFile {
      let name = file.path.isEmpty || file.path == upload.name ? nil : "as \(file.path)"
      return [file.type, name].compactMap { $0 }.joined(separator: ", ")
    }
    guard record.isRunning, upload.state != .paused else { return "" }
    guard let stored = upload.stored, let durable = upload.durable else {
      return "average \(Figures.padded(ByteSize.rateText(upload.averageSpeed), Figures.rateColumns))"
    }
    let numbers = [stored, durable].map { Figures.padded(Figures.compact($0), Figures.compactColumns) }
    return "stored \(numbers[0])  durable \(numbers[1])"
  }

  private func write(
    _ text: String,
    _ style: Style,
    at alignment: Alignment = .leading,
    truncation: Truncation = .end,
    on surface: inout Surface
  ) {
    let text = StyledText(text, style)
    surface.write(text, x: 0, y: 0, width: surface.width, alignment: alignment, truncation: truncation)
  }
}

extension Theme {
  /// The style of a state's text, which is never the only sign of the state.
  func style(of state: UploadState) -> Style {
    switch state {
    case .receiving, .sending: text
    case .waiting, .limited, .paused, .cancelled: dim
    case .finishing: accent
    case .stalled, .interrupted, .waitingForMemory: warning
    case .done: good
    case .failed: bad
    }
  }
}
