import TerminalUI
import UploadCore
import UploadReport

/// Facts, each with a label in rows of its own, the most important first.
struct FactList: Widget {
  /// A fact without a text is left out.
  typealias Fact = (label: String, text: String?)

  private let facts: [(label: String, text: String)]
  /// What the time was spent on, shown below the time; nil to leave it out.
  private let strip: TimeStrip?
  private let stateStyle: (Theme) -> Style

  private static let labelColumns = 9
  /// The label of the path, which is truncated at its start and never wrapped, because its end matters.
  static let pathLabel = "path"
  /// The label of the state, which has the style of that.
  static let stateLabel = "state"
  /// The label of the time, below which the ``TimeStrip`` is.
  static let timeLabel = "time"

  init(_ facts: [Fact], strip: TimeStrip? = nil, stateStyle: @escaping (Theme) -> Style) {
    self.facts = facts.compactMap { fact in fact.text.map { (label: fact.label, text: $0) } }
    self.strip = strip
    self.stateStyle = stateStyle
  }

  func draw(on surface: inout Surface) {
    let width = surface.width - Self.labelColumns
    var y = 0
    for (label, text) in facts {
      guard y < surface.height else { return }
      surface.write(label, x: 0, y: y, style: surface.theme.dim)
      let style = label == Self.stateLabel ? stateStyle(surface.theme) : surface.theme.text
      let truncation: Truncation = label == Self.pathLabel ? .start : .end
      for row in Self.rows(label, text, width: width, limit: surface.height - y) {
        surface.write(StyledText(row, style), x: Self.labelColumns, y: y, width: width, truncation: truncation)
        y += 1
      }
      if label == Self.timeLabel, let strip { y += draw(strip, y: y, width: width, on: &surface) }
    }
  }

  /// Draws the strip with its label.
  /// - Returns: how many rows it has.
  private func draw(_ strip: TimeStrip, y: Int, width: Int, on surface: inout Surface) -> Int {
    let height = strip.height(width: width)
    guard height > 0 else { return 0 }
    surface.write("spent", x: 0, y: y, style: surface.theme.dim)
    surface.draw(strip, in: Rect(x: Self.labelColumns, y: y, width: width, height: height))
    return height
  }

  /// How many rows all facts need in `width` columns.
  func height(width: Int) -> Int {
    let width = width - Self.labelColumns
    let rows = facts.reduce(0) { $0 + Self.rows($1.label, $1.text, width: width, limit: .max).count }
    return rows + (strip?.height(width: width) ?? 0)
  }

  /// The text in rows of `width` columns, at most `limit` of them.
  private static func rows(_ label: String, _ text: String, width: Int, limit: Int) -> [String] {
    label == pathLabel || text.columns <= width ? [text] : text.wrapped(to: width, limit: limit)
  }
}

/// The facts about an upload.
struct UploadFacts {
  let upload: UploadSnapshot
  /// The highest rate so far, in bytes per second.
  let peakRate: Double

  var list: FactList {
    FactList(facts, strip: upload.time.map { TimeStrip(time: $0) }) { $0.style(of: upload.state) }
  }

  private var facts: [FactList.Fact] {
    let isIncoming = upload.direction == .incoming
    let file = upload.finishedFile
    let path = file?.path ?? ""
    return [
      (FactList.stateLabel, upload.stateText),
      ("expires", upload.expiresIn.map { "in \(TimeText.rough($0)), unless the client continues it" }),
      ("reason", upload.retryReason),
      ("notice", upload.notice),
      ("attempt", upload.attempt > 1 ? "\(upload.attempt)\(upload.maxAttempts.map { " of \($0)" } ?? "")" : nil),
      ("control", Self.control(upload)),
      ("error", upload.failure?.message),
      ("size", size),
      (isIncoming ? "received" : "sent", progress),
      ("parts", upload.parts.map { "\($0) at the store" }),
      ("rate", rates),
      ("memory", memory),
      (FactList.timeLabel, time),
      (isIncoming ? "from" : "to", Self.peer(upload.sender, upload.remote, upload.mode)),
      ("cause", TimeWords.bottleneck(upload)),
      (FactList.pathLabel, path.isEmpty ? nil : path),
      ("type", type),
      ("SHA-256", file?.sha256),
    ]
  }

  /// The name that the sender states, the address of the peer, and the mode: `Anna (192.0.2.7:5555), stream`.
  static func peer(_ sender: String?, _ remote: String, _ mode: UploadMode) -> String {
    "\(sender.map { "\($0) (\(remote))" } ?? remote), \(mode.rawValue)"
  }

  /// What the user has changed about an active upload: `limit 5 MiB/s`, and what becomes of a paused one; nil for nothing.
  static func control(_ upload: UploadSnapshot) -> String? {
    guard upload.outcome == nil else { return nil }
    let isSlowed = upload.state == .paused && upload.direction == .incoming
    let parts = [
      isSlowed ? "64 KiB/s keep its client connected" : nil,
      upload.isPausedWhileInterrupted ? "its client would continue it paused: p ends that" : nil, upload.limitText,
    ]
    let text = parts.compactMap { $0 }.joined(separator: ", ")
    return text.isEmpty ? nil : text
  }

  private var size: String {
    guard let size = upload.size else { return "unknown" }
    let bytes = size < 1024 ? ByteSize.text(size) : "\(ByteSize.text(size)) (\(size) bytes)"
    return upload.sizeExact ? bytes : "at most \(bytes)"
  }

  /// Received, stored and durable bytes in columns of their own, so that nothing moves when a number changes.
  private var progress: String {
    let bytes = ByteSize.text(upload.bytes)
    guard let stored = upload.stored, let durable = upload.durable else { return "\(bytes), no response yet" }
    let numbers = [bytes, ByteSize.text(stored)].map { Figures.filled($0, Figures.sizeColumns) }
    return "\(numbers[0]) stored \(numbers[1]) durable \(ByteSize.text(durable))"
  }

  private var rates: String {
    let average = ByteSize.rateText(upload.averageSpeed)
    let peak = ByteSize.rateText(peakRate)
    guard upload.outcome == nil else { return "average \(average), peak \(peak)" }
    let numbers = [ByteSize.rateText(upload.speed), average].map { Figures.filled($0, Figures.rateColumns) }
    return "\(numbers[0]) avg \(numbers[1]) peak \(peak)"
  }

  private var memory: String {
    let peak = "peak \(Figures.memory(upload.peakResidentBytes))"
    guard upload.outcome == nil else { return peak }
    return "\(Figures.filled(Figures.memory(upload.residentBytes), Figures.rateColumns)) \(peak)"
  }

  private var time: String {
    let taken = Figures.clock(upload.seconds)
    if upload.outcome != nil { return "took \(taken)" }
    return upload.eta.map { "\(taken), \(Figures.clock($0)) left" } ?? taken
  }

  /// The media type that the client declared and the one that the content shows; without either, the final type of a
  /// complete upload; nil when none is known.
  private var type: String? {
    let file = upload.finishedFile
    let declared = upload.declaredType ?? file?.declaredType
    let detected = file?.detectedType
    if let declared, declared == detected { return "\(declared) (declared and detected)" }
    let parts = [declared.map { "\($0) (declared)" }, detected.map { "\($0) (detected)" }].compactMap { $0 }
    return parts.isEmpty ? file?.type : parts.joined(separator: ", ")
  }
}
