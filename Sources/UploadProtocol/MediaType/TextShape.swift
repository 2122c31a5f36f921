/// The media type of a text by its structure: JSON, one JSON value per line, tables, vector images, and HTML and XML
/// behind a byte order mark.
enum TextShape {
  static let vectorImage = "image/svg+xml"
  private static let byteOrderMark: [UInt8] = [0xEF, 0xBB, 0xBF]

  /// The media type of a text that begins with `header`, by its structure; nil where it shows no known one.
  /// - Parameter isWhole: whether `header` is the whole file.
  static func type(of header: [UInt8], isWhole: Bool) -> String? {
    let marked = textBehindMark(header)
    if isVectorImage(marked ?? header) { return vectorImage }
    // HTML or XML behind a byte order mark, which the standard calls plain text although browsers render it.
    if let marked, let type = StandardPatterns.scriptable.type(of: marked), type != StandardRules.pdf {
      return type
    }
    // JSON and tables are recognized in UTF-8 only.
    let text = header.starts(with: byteOrderMark) ? Array(header.dropFirst(byteOrderMark.count)) : header
    return JSONShape.type(of: text, isWhole: isWhole) ?? TableShape.type(of: text, isWhole: isWhole)
  }

  /// Whether the first tag of an XML document in ASCII or UTF-8, without a byte order mark, is `<svg` with whitespace
  /// or `>` behind it; the declaration, comments and a document type without a subset are skipped. False for `<svg/>`,
  /// and where `header` ends before the byte behind the name.
  static func isVectorImage(_ header: [UInt8]) -> Bool {
    var rest = header[...]
    while true {
      rest = rest.drop(while: BytePattern.isWhitespace)
      if rest.starts(with: "<svg".utf8) {
        return rest.dropFirst(4).first.map { BytePattern.isWhitespace($0) || $0 == UInt8(ascii: ">") } ?? false
      }
      guard rest.starts(with: "<!".utf8) || rest.starts(with: "<?".utf8) else { return false }
      let isComment = rest.starts(with: "<!--".utf8)
      let end = rest.indices.first { index in
        rest[index] == UInt8(ascii: ">") && (!isComment || rest[..<index].suffix(2).elementsEqual("--".utf8))
      }
      guard let end else { return false }
      rest = rest[(end + 1)...]
    }
  }

  /// The text behind a byte order mark of UTF-8 or of UTF-16 in either byte order, in UTF-8; nil without a mark. An
  /// incomplete last UTF-16 unit is dropped, invalid ones become U+FFFD.
  private static func textBehindMark(_ header: [UInt8]) -> [UInt8]? {
    if header.starts(with: byteOrderMark) { return Array(header.dropFirst(byteOrderMark.count)) }
    guard header.starts(with: [0xFE, 0xFF]) || header.starts(with: [0xFF, 0xFE]) else { return nil }
    let isBigEndian = header[0] == 0xFE
    let units = stride(from: 2, to: header.count - 1, by: 2).map { index in
      let (first, second) = (UInt16(header[index]), UInt16(header[index + 1]))
      return isBigEndian ? first << 8 | second : second << 8 | first
    }
    return Array(String(decoding: units, as: UTF16.self).utf8)
  }
}

/// Recognizes tables: at least two records with the same number of fields, two or more, separated by commas, semicolons
/// or tabs (RFC 4180, and the variants that spreadsheets write). Text with a space behind a comma or semicolon counts
/// as prose, not as a table with that delimiter.
struct TableShape {
  private var fields = 1
  /// The number of fields of every record so far; nil before the first.
  private var expected: Int?
  private var records = 0
  private var isQuoted = false
  private var isUneven = false
  /// Records that begin or end with a delimiter: where all do, it is indentation or punctuation of source code.
  private var beginning = 0
  private var ending = 0
  private var previous = ASCII.lineFeed
  private let delimiter: UInt8

  /// `text/csv` or `text/tab-separated-values` for a table; nil for other text.
  /// - Parameter isWhole: whether `text` is the whole file; if not, an incomplete last record is ignored.
  static func type(of text: [UInt8], isWhole: Bool) -> String? {
    if isTable(text, ASCII.tab, isWhole) { return "text/tab-separated-values" }
    return isTable(text, UInt8(ascii: ","), isWhole) || isTable(text, ASCII.semicolon, isWhole) ? "text/csv" : nil
  }

  private static func isTable(_ text: [UInt8], _ delimiter: UInt8, _ isWhole: Bool) -> Bool {
    // Most texts have no tab or no semicolon, and this is much faster than the loop.
    guard text.contains(delimiter) else { return false }
    var table = TableShape(delimiter: delimiter)
    for byte in text where !table.isUneven { table.append(byte) }
    // Without a line end, the last record is complete only if the text is.
    if isWhole, table.previous != ASCII.lineFeed { table.append(ASCII.lineFeed) }
    return !table.isUneven && table.records >= 2 && table.expected ?? 0 >= 2
      && table.beginning < table.records && table.ending < table.records
  }

  private mutating func append(_ byte: UInt8) {
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
      // Prose has a space after a comma, tables hardly ever.
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
