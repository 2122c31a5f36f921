import TerminalUI
import UploadCore

/// One upload in a pane, in as many lines as the layout has.
struct UploadRow: Widget {
  let record: UploadRecord
  let layout: UploadRowLayout

  private var upload: UploadSnapshot { record.now }

  func draw(on surface: inout Surface) {
    for (y, line) in layout.lines.enumerated() {
      for place in line where !(place.field == .bar && reason != nil) {
        surface.within(Rect(x: place.x, y: y, width: place.width, height: 1)) { draw(place.field, on: &$0) }
      }
    }
    if let reason { draw(reason, on: &surface) }
  }

  /// Why it failed, or has to be tried again.
  private var reason: String? { upload.failure?.message ?? upload.retryReason }

  /// In place of the bar: there is nothing to measure. Beneath the first line it is worth the space of all that would
  /// follow, and where it does not fit, of the last line too.
  private func draw(_ reason: String, on surface: inout Surface) {
    let style = surface.theme.text
    let places = layout.lines.enumerated().compactMap { y, line in line.first { $0.field == .bar }.map { (y, $0) } }
    guard let (y, place) = places.first else { return }
    guard y > 0 else { return surface.write(StyledText(reason, style), x: place.x, y: y, width: place.width) }
    let width = surface.width - 1 - place.x
    for (index, line) in reason.wrapped(to: width, limit: layout.lines.count - y).enumerated() {
      surface.fill(Rect(x: place.x, y: y + index, width: width, height: 1))
      surface.write(StyledText(line, style), x: place.x, y: y + index, width: width)
    }
  }

  /// Draws one thing into its place, which is the region of `surface`.
  private func draw(_ field: UploadRowLayout.Field, on surface: inout Surface) {
    let theme = surface.theme
    switch field {
    case .name: write(upload.name, record.isRunning ? theme.title : theme.dim, truncation: .middle, on: &surface)
    case .mode: write(upload.mode.rawValue, theme.dim, on: &surface)
    case .peer: write(upload.remote, theme.dim, on: &surface)
    case .status:
      // The state at the left, the rate at the right where one says anything.
      write(upload.stateWords, theme.style(of: upload.state), on: &surface)
      if let rate = upload.shownRate { write(ByteSize.rateText(rate), figures(theme), at: .trailing, on: &surface) }
    case .time: write(upload.shownTime, figures(theme), at: .trailing, on: &surface)
    case .bar: surface.draw(bar, in: surface.bounds)
    case .percent:
      guard let parts = upload.barParts else { return }
      write(Figures.percent(parts.received), theme.text, at: .trailing, on: &surface)
    case .sizes: drawSizes(on: &surface)
    case .spark: if record.isRunning { surface.draw(Graph(record.recent), in: surface.bounds) }
    case .memory:
      // What it holds now, or the most it held once it is over.
      let bytes = record.isRunning ? upload.residentBytes : upload.peakResidentBytes
      write(record.isRunning ? "mem" : "max", theme.dim, on: &surface)
      write(Figures.memory(bytes), figures(theme), at: .trailing, on: &surface)
    case .note: write(note, theme.dim, at: .trailing, truncation: .start, on: &surface)
    }
  }

  /// What numbers are written in.
  private func figures(_ theme: Theme) -> Style {
    record.isRunning ? theme.text : theme.dim
  }

  private var bar: Gauge {
    if let parts = upload.barParts { return Gauge(received: parts.received, stored: parts.stored) }
    return record.isRunning ? Gauge(tick: record.motion) : Gauge(received: 0, stored: 0)
  }

  /// `512.0M/1.9G`; only the first number changes, and it stands at the left.
  private func drawSizes(on surface: inout Surface) {
    let theme = surface.theme
    var text = StyledText(Figures.compact(upload.bytes), figures(theme))
    if let size = upload.size, upload.state != .done {
      let most = upload.sizeExact ? "" : surface.glyphs.isUnicode ? "≤" : "<"
      text.append("/\(most)\(Figures.compact(size))", theme.dim)
    }
    surface.write(text, x: 0, y: 0, width: surface.width, alignment: .trailing)
  }

  private var note: String {
    if let file = upload.finishedFile {
      let type = file.type ?? ""
      guard !file.path.isEmpty, file.path != upload.name else { return type }
      return type.isEmpty ? "as \(file.path)" : "\(type), as \(file.path)"
    }
    guard record.isRunning else { return "" }
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
  /// What a state's word is written in. It is never the colour alone that tells.
  func style(of state: UploadState) -> Style {
    switch state {
    case .receiving, .sending: text
    case .waiting, .limited, .cancelled: dim
    case .finishing: accent
    case .stalled, .waitingForMemory: warning
    case .done: good
    case .failed: bad
    }
  }
}
