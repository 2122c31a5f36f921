import TerminalUI
import UploadCore
import UploadReport

/// One upload or tree in a pane, in the rows of its layout.
struct UploadRow: Widget {
  let record: UploadRecord
  let layout: UploadRowLayout
  /// The upper edge of all sparklines of the pane, in bytes per second.
  let sparkTop: Double
  var isMarked = false

  private var upload: UploadSnapshot { record.now }

  func draw(on surface: inout Surface) {
    if record.isQuiet { return draw(layout.quiet, y: 0, on: &surface) }
    for (y, row) in layout.rows.enumerated() {
      if y == 1, let reason = upload.retryReason {
        surface.write(StyledText(reason, surface.theme.text), x: 1, y: y, width: surface.width - 2)
      } else {
        draw(row, y: y, on: &surface)
      }
    }
  }

  private func draw(_ row: [UploadRowLayout.Place], y: Int, on surface: inout Surface) {
    for place in row {
      surface.within(Rect(x: place.x, y: y, width: place.width, height: 1)) { draw(place.field, on: &$0) }
    }
  }

  /// Draws a field into its place, which is the region of `surface`.
  private func draw(_ field: UploadRowLayout.Field, on surface: inout Surface) {
    let theme = surface.theme
    // What moves or is stuck is seen first; everything else is dim.
    let style = record.isQuiet || upload.isResting ? theme.dim : theme.text
    switch field {
    case .name: drawName(style, on: &surface)
    case .mode: write(record.shortMode, theme.dim, on: &surface)
    case .bar: surface.draw(bar, in: surface.bounds)
    case .percent: write(percent, style, at: .trailing, on: &surface)
    case .status: drawStatus(style, on: &surface)
    case .memory:
      // The same form in all rows of a pane.
      let text = Figures.memory(upload.residentBytes, columns: surface.width)
      write(text, style, at: .trailing, on: &surface)
    case .state: write(record.isMoving ? upload.state.rawValue : "", theme.dim, on: &surface)
    case .peer: write(upload.sender ?? upload.remote, theme.dim, on: &surface)
    case .sizes: drawSizes(style, on: &surface)
    case .note: write(note, theme.dim, on: &surface)
    case .spark: drawSpark(on: &surface)
    case .peak: write("peak \(ByteSize.rateText(record.peakRate))", theme.dim, at: .trailing, on: &surface)
    case .outcome: drawOutcome(on: &surface)
    }
  }

  /// Draws the name: of a tree with its counts, `photos/: 1,204 of 10,000 files`, which are truncated last; of a file in
  /// a tree behind a mark.
  private func drawName(_ style: Style, on surface: inout Surface) {
    guard !isMarked else {
      surface.put(surface.glyphs.checked, x: 0, y: 0, style: surface.theme.key)
      let rest = Rect(x: 2, y: 0, width: surface.width - 2, height: 1)
      return surface.within(rest) {
        UploadRow(record: record, layout: layout, sparkTop: sparkTop).drawName(style, on: &$0)
      }
    }
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
    guard let parts = record.barParts else {
      return Gauge(tick: record.motion, isMoving: record.isMoving || upload.state == .finishing)
    }
    let isMoving = record.isMoving || upload.state == .finishing
    return Gauge(received: parts.received, stored: parts.stored, isMoving: isMoving)
  }

  /// The percentage; of an upload without a size its bytes: `153 M`.
  private var percent: String {
    record.barParts.map { Figures.percent($0.received) } ?? Figures.short(upload.shownBytes)
  }

  /// Draws the rate and the time left; a state that is not normal in place of both. A tree that has lost files shows how
  /// many in place of the time.
  private func drawStatus(_ style: Style, on surface: inout Surface) {
    guard let rate = upload.shownRate else {
      return write(record.stateText, record.stateStyle(surface.theme), on: &surface)
    }
    let text = limitedRate(rate, isUnicode: surface.glyphs.isUnicode)
    let columns = min(surface.width, max(Figures.rateColumns, text.columns))
    let left = Rect(x: 0, y: 0, width: columns, height: 1)
    surface.within(left) { write(text, style, at: .trailing, on: &$0) }
    let right = Rect(x: columns, y: 0, width: surface.width - columns, height: 1)
    let (time, timeStyle) = record.hasLosses ? (record.stateText, surface.theme.bad) : (upload.shownTime, style)
    surface.within(right) { write(time, timeStyle, at: .trailing, on: &$0) }
  }

  /// The rate; while a limit of the user is the reason for it, that limit: `limit 5 MiB/s`, and a rate below such a limit
  /// with `≤`.
  private func limitedRate(_ rate: Double, isUnicode: Bool) -> String {
    guard let limit = upload.limitText, record.isRunning else { return ByteSize.rateText(rate) }
    return upload.state == .limited ? limit : "\(isUnicode ? "≤" : "<") \(ByteSize.rateText(rate))"
  }

  /// Draws `512.0 MiB of 1.9 GiB`, or `512.0M/1.9G` where that is too wide, with `≤` before a size that is only an upper
  /// limit.
  private func drawSizes(_ style: Style, on surface: inout Surface) {
    let isWide = surface.width > 2 * Figures.sizeColumns
    let limit = upload.sizeExact ? "" : surface.glyphs.isUnicode ? "≤" : "<"
    let text = { (bytes: UInt64) in isWide ? ByteSize.text(bytes) : Figures.compact(bytes) }
    var sizes = StyledText(text(upload.shownBytes), style)
    if let size = upload.size { sizes.append("\(isWide ? " of " : "/")\(limit)\(text(size))", surface.theme.dim) }
    surface.write(sizes, x: 0, y: 0, width: surface.width, alignment: .trailing)
  }

  /// What is stored and durable, and when an interrupted upload expires; of an outgoing upload the mean of its rate.
  private var note: String {
    guard let stored = upload.stored, let durable = upload.durable else {
      return upload.isResting ? "" : "average \(ByteSize.rateText(upload.averageSpeed))"
    }
    if let expiry = upload.expiryText { return "stored \(ByteSize.text(stored))  \(expiry)" }
    return "stored \(Figures.filled(ByteSize.text(stored), Figures.sizeColumns)) durable \(ByteSize.text(durable))"
  }

  private func drawSpark(on surface: inout Surface) {
    if upload.isResting { return write(upload.expiryText ?? "", surface.theme.dim, on: &surface) }
    let theme = surface.theme
    let graph = Graph(record.recent, maximum: sparkTop, style: record.isMoving ? theme.accent : theme.dim)
    surface.draw(graph, in: surface.bounds)
  }

  /// Draws how the upload ended: `stored 6.1 MiB in 0.1 s`, `failed: disk full  No space is left.`
  private func drawOutcome(on surface: inout Surface) {
    let theme = surface.theme
    var text = StyledText(record.stateText, record.stateStyle(theme))
    text.append(record.outcomeText, theme.dim)
    surface.write(text, x: 0, y: 0, width: surface.width)
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

extension UploadRecord {
  /// The mode in at most six letters; `form` for a multipart one, `tree` for the row of a tree.
  var shortMode: String {
    if tree != nil, now.mode != .multipart { return "tree" }
    return switch now.mode {
    case .stream: "stream"
    case .multipart: "form"
    case .buffered: "buffer"
    case .resumable: "resume"
    case .raw: "raw"
    }
  }

  /// What follows the state in the row of an upload that is queued or has ended, with a space or a separator before it;
  /// empty for nothing.
  var outcomeText: String {
    switch now.outcome {
    case nil: now.size.map { "  \(ByteSize.text($0))" } ?? ""
    case .failed(let error): "  \(error.message)"
    case .cancelled where now.isQueued: ""
    case .cancelled: barParts.map { " at \(Figures.percent($0.received))" } ?? ""
    case .finished(let file):
      " \(ByteSize.text(now.shownBytes)) in \(Figures.duration(now.seconds))"
        + (file.path.isEmpty || file.path == now.name || tree != nil ? "" : " as \(file.path)")
    }
  }

  /// The style of ``stateText``.
  func stateStyle(_ theme: Theme) -> Style {
    if hasLosses { return theme.bad }
    // An upload that waits for its next attempt, which is not one that waits for its turn.
    return now.retryReason != nil && now.state == .waiting ? theme.warning : theme.style(of: now.state)
  }
}

extension Theme {
  /// The style of a state's text, which is never the only sign of the state.
  func style(of state: UploadState) -> Style {
    switch state {
    case .receiving, .sending, .finishing, .limited: text
    case .waiting, .paused, .cancelled: dim
    case .stalled, .interrupted, .waitingForMemory: warning
    case .done: good
    case .failed: bad
    }
  }
}
