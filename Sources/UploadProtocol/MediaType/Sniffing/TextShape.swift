/// What kind of text a text is, by its shape: JSON, lines of JSON, tables, vector images.
enum TextShape {
  static let vectorImage = "image/svg+xml"
  private static let byteOrderMark: [UInt8] = [0xEF, 0xBB, 0xBF]

  /// The kind of text that `header` begins; nil for plain text.
  /// - Parameter isWhole: whether `header` is the whole file, and not cut anywhere.
  static func type(of header: [UInt8], isWhole: Bool) -> String? {
    let marked = MarkedText.utf8(header)
    if isVectorImage(marked ?? header) { return vectorImage }
    if let marked, let type = markup(marked) { return type }
    // Tables and JSON in UTF-16 are nobody's.
    let text = header.starts(with: byteOrderMark) ? Array(header.dropFirst(byteOrderMark.count)) : header
    return JSONShape.type(of: text, isWhole: isWhole) ?? TableShape.type(of: text, isWhole: isWhole)
  }

  /// HTML or XML behind a byte order mark, which the standard takes for plain text and browsers do not show as such.
  private static func markup(_ text: [UInt8]) -> String? {
    let type = StandardPatterns.scriptable.type(of: text)
    return type == StandardRules.html || type == StandardRules.xml ? type : nil
  }

  /// Whether an XML document's root is `svg`, as far as the declaration, comments and the document type go.
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
}
