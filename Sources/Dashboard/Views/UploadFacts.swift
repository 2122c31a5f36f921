import TerminalUI
import UploadCore

/// What is known of an upload, a line for each thing, the most important first.
struct UploadFacts: Widget {
  let upload: UploadSnapshot
  let peakSpeed: Double

  private static let labelColumns = 9

  private struct Fact {
    var label: String
    var text: String
    var style: ((Theme) -> Style)?

    init(_ label: String, _ text: String, _ style: ((Theme) -> Style)? = nil) {
      (self.label, self.text, self.style) = (label, text, style)
    }
  }

  func draw(on surface: inout Surface) {
    let width = surface.width - Self.labelColumns
    var y = 0
    for fact in facts {
      guard y < surface.height else { return }
      surface.write(fact.label, x: 0, y: y, style: surface.theme.dim)
      let style = fact.style?(surface.theme) ?? surface.theme.text
      for line in Self.lines(of: fact, width: width, limit: surface.height - y) {
        let truncation: Truncation = fact.label == "path" ? .start : .end
        surface.write(StyledText(line, style), x: Self.labelColumns, y: y, width: width, truncation: truncation)
        y += 1
      }
    }
  }

  /// How many lines there are in so many columns.
  func height(width: Int) -> Int {
    let width = width - Self.labelColumns
    return facts.reduce(0) { $0 + Self.lines(of: $1, width: width).count }
  }

  /// What does not fit goes on in the next line, but for a path, of which the end matters.
  private static func lines(of fact: Fact, width: Int, limit: Int = .max) -> [String] {
    guard fact.label != "path", fact.text.columns > width else { return [fact.text] }
    return fact.text.wrapped(to: width, limit: limit)
  }

  private var facts: [Fact] {
    var facts = [Fact("state", upload.stateWords) { $0.style(of: upload.state) }]
    if let reason = upload.retryReason { facts.append(Fact("reason", reason)) }
    if upload.attempt > 1 { facts.append(Fact("attempt", "\(upload.attempt)")) }
    if let error = upload.failure { facts.append(Fact("error", error.message)) }
    facts += [Fact("size", size), Fact(upload.direction == .incoming ? "received" : "sent", progress)]
    facts += [Fact("rate", rates), Fact("memory", memory), Fact("time", time)]
    facts.append(Fact(upload.direction == .incoming ? "from" : "to", "\(upload.remote), \(upload.mode.rawValue)"))
    if let path = upload.finishedFile?.path, !path.isEmpty { facts.append(Fact("path", path)) }
    if let type { facts.append(Fact("type", type)) }
    if let digest = upload.finishedFile?.sha256 { facts.append(Fact("SHA-256", digest)) }
    return facts
  }

  private var size: String {
    guard let size = upload.size else { return "unknown" }
    let bytes = size < 1024 ? ByteSize.text(size) : "\(ByteSize.text(size)) (\(size) bytes)"
    return upload.sizeExact ? bytes : "at most \(bytes)"
  }

  /// In columns of their own, so that nothing moves when a number changes.
  private var progress: String {
    let bytes = ByteSize.text(upload.bytes)
    guard let stored = upload.stored, let durable = upload.durable else { return "\(bytes), no answer yet" }
    return "\(Self.size(bytes)) stored \(Self.size(ByteSize.text(stored))) durable \(ByteSize.text(durable))"
  }

  private var rates: String {
    let average = ByteSize.rateText(upload.averageSpeed)
    let peak = ByteSize.rateText(peakSpeed)
    guard upload.outcome == nil else { return "average \(average), peak \(peak)" }
    return "\(Self.rate(ByteSize.rateText(upload.speed))) avg \(Self.rate(average)) peak \(peak)"
  }

  private var memory: String {
    let peak = "peak \(Figures.memory(upload.peakResidentBytes))"
    return upload.outcome == nil ? "\(Self.rate(Figures.memory(upload.residentBytes))) \(peak)" : peak
  }

  private static func size(_ text: String) -> String { Figures.filled(text, Figures.sizeColumns) }

  private static func rate(_ text: String) -> String { Figures.filled(text, Figures.rateColumns) }

  private var time: String {
    let taken = Figures.clock(upload.seconds)
    if upload.outcome != nil { return "took \(taken)" }
    return upload.eta.map { "\(taken), \(Figures.clock($0)) left" } ?? taken
  }

  /// What the sender said it is, and what the bytes say.
  private var type: String? {
    let declared = upload.declaredType ?? upload.finishedFile?.declaredType
    let detected = upload.finishedFile?.detectedType
    if let declared, declared == detected { return "\(declared) (declared and detected)" }
    let parts = [
      declared.map { "\($0) (declared)" },
      detected.map { "\($0) (detected)" },
    ].compactMap { $0 }
    return parts.isEmpty ? upload.finishedFile?.type : parts.joined(separator: ", ")
  }
}
