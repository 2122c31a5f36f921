/// Numbers of files as text.
package enum CountText {
  /// A number with a comma between each three digits: `1,204`.
  package static func text(_ number: UInt64) -> String {
    let digits = Array(String(number))
    var text = ""
    for (index, digit) in digits.enumerated() {
      if index > 0, (digits.count - index).isMultiple(of: 3) { text.append(",") }
      text.append(digit)
    }
    return text
  }

  /// The same with its noun: `1 file`, `1,204 files`.
  package static func files(_ number: UInt64) -> String { "\(text(number)) \(number == 1 ? "file" : "files")" }

  /// How many of how many files: `1,204 of 10,000 files`; where the whole number is unknown, `1,204 files`.
  package static func files(_ number: UInt64, of total: UInt64?) -> String {
    total.map { "\(text(number)) of \(files($0))" } ?? files(number)
  }
}
