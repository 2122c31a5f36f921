/// What a benchmark found: a row for everything that was measured.
struct Report: Equatable {
  /// One number of every row.
  struct Column: Equatable {
    /// With the unit, for the table.
    let title: String
    /// For JSON, in lowerCamelCase.
    let key: String
    /// Decimals in the table.
    let digits: Int

    init(_ title: String, _ key: String, digits: Int) {
      self.title = title
      self.key = key
      self.digits = digits
    }
  }

  /// One thing that was measured.
  struct Row: Equatable {
    /// What it is, by ``Report/labels``.
    let labels: [String]
    /// Medians by ``Report/columns``; nil where there is no number.
    var numbers: [Double?]
  }

  /// The benchmark's name.
  let name: String
  /// What tells rows apart, in one word each: titles in the table, keys in JSON.
  let labels: [String]
  private(set) var columns: [Column]
  private(set) var rows: [Row]
  /// What the reader must know to read the numbers right, in sentences.
  let notes: [String]

  init(_ name: String, labels: [String], columns: [Column], rows: [Row], notes: [String] = []) {
    self.name = name
    self.labels = labels
    self.columns = columns
    self.rows = rows
    self.notes = notes
  }

  /// Adds a column: a row's number in `column` over the same of the row whose first label is `baseline` and whose other
  /// labels are its own. Nil where one of the two is missing, or there is nothing to divide by.
  mutating func addRatio(of column: Int, to baseline: String, _ added: Column) {
    let baselines = rows.filter { $0.labels.first == baseline }
    columns.append(added)
    for index in rows.indices {
      let row = rows[index]
      let other = baselines.first { $0.labels.dropFirst() == row.labels.dropFirst() }
      var ratio: Double?
      if let number = row.numbers[column], let divisor = other?.numbers[column], divisor > 0 {
        ratio = number / divisor
      }
      rows[index].numbers.append(ratio)
    }
  }
}
