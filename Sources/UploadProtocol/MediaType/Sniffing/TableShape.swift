/// Whether a text is a table: at least two records of as many fields each, separated by commas, semicolons or tabs
/// (RFC 4180, and what spreadsheets make of it).
struct TableShape {
  private var fields = 1
  /// Of every record so far; nil before the first.
  private var expected: Int?
  private var records = 0
  private var isQuoted = false
  private var isUneven = false
  /// Records that begin or end with a delimiter: when all do, it is the indentation or the punctuation of a program.
  private var beginning = 0
  private var ending = 0
  private var previous = ASCII.lineFeed
  private let delimiter: UInt8

  /// `text/csv`, `text/tab-separated-values` or nil.
  static func type(of text: [UInt8], isWhole: Bool) -> String? {
    if isTable(text, ASCII.tab, isWhole) { return "text/tab-separated-values" }
    return isTable(text, UInt8(ascii: ","), isWhole) || isTable(text, ASCII.semicolon, isWhole) ? "text/csv" : nil
  }

  private static func isTable(_ text: [UInt8], _ delimiter: UInt8, _ isWhole: Bool) -> Bool {
    var table = TableShape(delimiter: delimiter)
    for byte in text where !table.isUneven { table.take(byte) }
    // The last line has come whole only where the text has.
    if isWhole, table.previous != ASCII.lineFeed { table.take(ASCII.lineFeed) }
    return !table.isUneven && table.records >= 2 && table.expected ?? 0 >= 2
      && table.beginning < table.records && table.ending < table.records
  }

  private init(delimiter: UInt8) {
    self.delimiter = delimiter
  }

  private mutating func take(_ byte: UInt8) {
    defer { if byte != ASCII.carriageReturn { previous = byte } }
    if byte == ASCII.quote {
      isQuoted.toggle()
    } else if isQuoted {
      return
    } else if byte == delimiter {
      if previous == ASCII.lineFeed { beginning += 1 }
      fields += 1
    } else if byte == ASCII.lineFeed {
      endRecord()
    } else if byte == ASCII.space, previous == delimiter, delimiter != ASCII.tab {
      // Prose has a space behind its commas; tables hardly ever.
      isUneven = true
    }
  }

  private mutating func endRecord() {
    if previous == delimiter { ending += 1 }
    isUneven = fields != expected ?? fields
    expected = fields
    records += 1
    fields = 1
  }
}
