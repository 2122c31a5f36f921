import TerminalUI
import UploadCore

/// One upload in a pane, in as many lines as the layout has.
struct UploadRow: Widget {
  let record: UploadRecord
  let layout: UploadRowLayout

  private var upload: UploadSnapshot { record.now }

  func draw(on surface: inout Surface) {
    for (y, line) in layout.lines.enumerated() {
      for place in line where !(place.field == .bar && reason != nil) { draw(place, y: y, on: &surface) }
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
    guard y > 0 else { return write(reason, place.x, y, place.width, style, on: &surface) }
    let width = surface.width - 1 - place.x
    for (index, line) in reason.wrapped(to: width, limit: layout.lines.count - y).enumerated() {
      surface.fill(Rect(x: place.x, y: y + index, width: width, height: 1))
      write(line, place.x, y + index, width, style, on: &surface)
    }
  }

  private func draw(_ place: UploadRowLayout.Place, y: Int, on surface: inout Surface) {
    let theme = surface.theme
    let (x, width) = (place.x, place.width)
    switch place.field {
    case .name:
      let style = record.isRunning ? theme.title : theme.dim
      surface.write(StyledText(upload.name, style), x: x, y: y, width: width, truncation: .middle)
    case .mode: write(upload.mode.rawValue, x, y, width, theme.dim, on: &surface)
    case .peer: write(upload.remote, x, y, width, theme.dim, on: &surface)
    case .status: drawStatus(x, y, width, on: &surface)
    case .time: writeRight(upload.shownTime, x, y, width, record.isRunning ? theme.text : theme.dim, on: &surface)
    case .bar: drawBar(x, y, width, on: &surface)
    case .percent:
      guard let parts = upload.barParts else { return }
      writeRight(Figures.percent(parts.received), x, y, width, theme.text, on: &surface)
    case .sizes: drawSizes(x, y, width, on: &surface)
    case .spark:
      guard record.isRunning else { return }
      surface.draw(Graph(record.recent), in: Rect(x: x, y: y, width: width, height: 1))
    case .memory: drawMemory(x, y, width, on: &surface)
    case .note: drawNote(x, y, width, on: &surface)
    }
  }

  /// The state at the left, the rate at the right where one says anything.
  private func drawStatus(_ x: Int, _ y: Int, _ width: Int, on surface: inout Surface) {
    write(upload.stateWords, x, y, width, surface.theme.style(of: upload.state), on: &surface)
    guard let rate = upload.shownRate else { return }
    let style = record.isRunning ? surface.theme.text : surface.theme.dim
    writeRight(ByteSize.rateText(rate), x, y, width, style, on: &surface)
  }

  private func drawBar(_ x: Int, _ y: Int, _ width: Int, on surface: inout Surface) {
    let rect = Rect(x: x, y: y, width: width, height: 1)
    if let parts = upload.barParts {
      surface.draw(Gauge(received: parts.received, stored: parts.stored), in: rect)
    } else if record.isRunning {
      surface.draw(Gauge(tick: record.motion), in: rect)
    } else {
      surface.draw(Gauge(received: 0, stored: 0), in: rect)
    }
  }

  /// `512.0M/1.9G`; only the first number changes, and it stands at the left.
  private func drawSizes(_ x: Int, _ y: Int, _ width: Int, on surface: inout Surface) {
    let theme = surface.theme
    var text = StyledText(Figures.compact(upload.bytes), record.isRunning ? theme.text : theme.dim)
    if let size = upload.size, upload.state != .done {
      let most = upload.sizeExact ? "" : surface.glyphs.isUnicode ? "≤" : "<"
      text.append("/\(most)\(Figures.compact(size))", theme.dim)
    }
    surface.write(text, x: x, y: y, width: width, alignment: .trailing)
  }

  /// What it holds now, or the most it held once it is over.
  private func drawMemory(_ x: Int, _ y: Int, _ width: Int, on surface: inout Surface) {
    let theme = surface.theme
    let bytes = record.isRunning ? upload.residentBytes : upload.peakResidentBytes
    surface.write(record.isRunning ? "mem" : "max", x: x, y: y, style: theme.dim)
    writeRight(Figures.memory(bytes), x, y, width, record.isRunning ? theme.text : theme.dim, on: &surface)
  }

  private func drawNote(_ x: Int, _ y: Int, _ width: Int, on surface: inout Surface) {
    surface.write(
      StyledText(note, surface.theme.dim),
      x: x,
      y: y,
      width: width,
      alignment: .trailing,
      truncation: .start
    )
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
    _ x: Int,
    _ y: Int,
    _ width: Int,
    _ style: Style,
    on surface: inout Surface
  ) {
    surface.write(StyledText(text, style), x: x, y: y, width: width)
  }

  private func writeRight(
    _ text: String,
    _ x: Int,
    _ y: Int,
    _ width: Int,
    _ style: Style,
    on surface: inout Surface
  ) {
    surface.write(StyledText(text, style), x: x, y: y, width: width, alignment: .trailing)
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
