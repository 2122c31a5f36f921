extension Report {
  /// The report as a table in Markdown, its columns aligned, with the machine above and the notes below.
  func markdown(_ machine: Machine, rounds: Int) -> String {
    let titles = labels + columns.map(\.title)
    let lines = rows.map { row in
      row.labels + zip(row.numbers, columns).map { Self.text($0, digits: $1.digits) }
    }
    let widths = titles.indices.map { index in
      ([titles] + lines).map { $0[index].count }.max() ?? 0
    }
    let rule = titles.indices.map { index in
      index < labels.count
        ? String(repeating: "-", count: widths[index]) : String(repeating: "-", count: widths[index] - 1) + ":"
    }
    let table = ([titles, rule] + lines).map { cells in
      "| " + cells.indices.map { pad(cells[$0], widths[$0], right: $0 >= labels.count) }.joined(separator: " | ") + " |"
    }
    let heading = "\(name), medians of \(rounds); \(machine.description)"
    return ([heading, ""] + table + (notes.isEmpty ? [] : [""] + notes)).joined(separator: "\n")
  }

  private func pad(_ text: String, _ width: Int, right: Bool) -> String {
    let blanks = String(repeating: " ", count: max(0, width - text.count))
    return right ? blanks + text : text + blanks
  }

  /// A number with exactly `digits` decimals; a dash for none.
  static func text(_ number: Double?, digits: Int) -> String {
    guard let number, number.isFinite, abs(number) < 1e15 else { return "-" }
    var scale = 1
    for _ in 0..<digits { scale *= 10 }
    let scaled = Int((abs(number) * Double(scale)).rounded())
    let sign = number < 0 && scaled > 0 ? "-" : ""
    guard digits > 0 else { return "\(sign)\(scaled)" }
    let fraction = String(scaled % scale)
    return "\(sign)\(scaled / scale)." + String(repeating: "0", count: digits - fraction.count) + fraction
  }
}
