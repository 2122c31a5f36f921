import TerminalUI
import UploadCore
import UploadReport

/// The facts about a tree, or the files of a form.
struct TreeFacts {
  let record: UploadRecord
  let tree: UploadRecord.Tree

  var list: FactList {
    FactList(facts + failures) { record.hasLosses ? $0.bad : $0.style(of: record.now.state) }
  }

  private var now: GroupSnapshot { tree.now }

  private var facts: [FactList.Fact] {
    let isIncoming = now.direction == .incoming
    return [
      (FactList.stateLabel, record.stateText),
      ("reason", record.now.retryReason),
      ("control", UploadFacts.control(record.now)),
      ("files", files),
      ("size", now.bytes.map { $0 < 1024 ? ByteSize.text($0) : "\(ByteSize.text($0)) (\($0) bytes)" } ?? "unknown"),
      (isIncoming ? "received" : "sent", progress),
      ("rate", rates),
      ("memory", memory),
      (FactList.timeLabel, time),
      (isIncoming ? "from" : "to", UploadFacts.peer(now.sender, now.remote, now.mode)),
    ]
  }

  /// `1,204 of 10,000 files, 16 active; 3 failed`
  private var files: String {
    let active = now.filesActive > 0 ? ", \(UInt64(now.filesActive).grouped) active" : ""
    return now.filesText + active + (now.lossText.isEmpty ? "" : "; \(now.lossText)")
  }

  /// Bytes that have moved and those of complete files, in columns of their own, so that nothing moves.
  private var progress: String {
    let moved = Figures.filled(ByteSize.text(now.bytesMoved), Figures.sizeColumns)
    return "\(moved) complete \(ByteSize.text(now.bytesFinished))"
  }

  private var rates: String {
    let (average, peak) = (ByteSize.rateText(now.averageSpeed), ByteSize.rateText(record.peakRate))
    guard !now.hasEnded else { return "average \(average), peak \(peak)" }
    let numbers = [ByteSize.rateText(now.speed), average].map { Figures.filled($0, Figures.rateColumns) }
    return "\(numbers[0]) avg \(numbers[1]) peak \(peak)"
  }

  private var memory: String {
    let peak = "peak \(Figures.memory(record.now.peakResidentBytes))"
    guard !now.hasEnded else { return peak }
    return "\(Figures.filled(Figures.memory(record.now.residentBytes), Figures.rateColumns)) \(peak)"
  }

  private var time: String {
    let taken = Figures.clock(now.seconds)
    if now.hasEnded { return "took \(taken)" }
    return now.eta.map { "\(taken), \(Figures.clock($0)) left" } ?? taken
  }

  /// The first failures, one in each row.
  private var failures: [FactList.Fact] {
    var facts: [FactList.Fact] = tree.failures.map { ("failed", "\($0.name): \($0.message)") }
    let known = UInt64(tree.failures.count)
    if now.filesFailed > known { facts.append(("failed", "and \(CountText.files(now.filesFailed - known)) more")) }
    return facts
  }
}
