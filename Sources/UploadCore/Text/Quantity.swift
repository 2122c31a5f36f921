/// A number with its unit, as people write it: `1.9 GB`, `30s`.
enum Quantity {
  /// The digits (perhaps with points among them) that `text` begins with, and the unit behind them; spaces around both
  /// do not count, spaces inside them do.
  static func split(_ text: some StringProtocol) -> (number: String, unit: String) {
    let start = text.drop(while: \.isWhitespace)
    let number = start.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
    var unit = start[number.endIndex...].drop(while: \.isWhitespace)
    while unit.last?.isWhitespace == true { unit.removeLast() }
    return (String(number), unit.lowercased())
  }
}
