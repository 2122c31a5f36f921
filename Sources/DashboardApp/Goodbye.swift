import UploadCore

/// What the dashboard says when the screen is the shell's again.
enum Goodbye {
  /// One line: `3 uploads received, 1 sent, 1 failed`.
  /// - Parameter calledOff: uploads that were cancelled before they began.
  static func line(incoming: UploadLedger.Totals, outgoing: UploadLedger.Totals, calledOff: Int) -> String {
    let counts: [(UInt64, String)] = [
      (incoming.finished, "received"),
      (outgoing.finished, "sent"),
      (incoming.failed &+ outgoing.failed, "failed"),
      (incoming.cancelled &+ outgoing.cancelled &+ UInt64(max(0, calledOff)), "cancelled"),
    ]
    let parts = counts.filter { $0.0 > 0 }
    guard let first = parts.first else { return "No uploads." }
    let noun = first.0 == 1 ? "upload" : "uploads"
    let rest = parts.dropFirst().map { ", \($0.0) \($0.1)" }.joined()
    return "\(first.0) \(noun) \(first.1)\(rest)."
  }
}
