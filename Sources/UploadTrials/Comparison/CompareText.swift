/// Figures of a comparison as people read them.
enum CompareText {
  /// Two decimals: the difference between clients is often less than a second.
  static func seconds(_ seconds: Double) -> String {
    let hundredths = Int((min(max(0, seconds), 1e9) * 100).rounded())
    let rest = hundredths % 100
    return "\(hundredths / 100).\(rest < 10 ? "0" : "")\(rest)"
  }
}
