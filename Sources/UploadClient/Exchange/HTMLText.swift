import UploadCore

/// Summarizes an HTML document in one text line: other servers and proxies report errors as pages.
///
/// Not a parser: a document has at most 64 KiB and is not trusted, and only one sentence of it is shown. The time is linear in
/// its size, whatever it contains.
enum HTMLText {
  /// Elements whose content is not text of the document.
  private static let hidden: Set<String> = ["script", "style", "noscript", "template", "svg"]
  /// Elements within a sentence; every other one ends it.
  private static let inline: Set<String> = ["a", "b", "i", "em", "strong", "code", "span", "tt", "small", "u", "font"]
  /// The names of U+00A0 to U+00FF, in their order.
  private static let latinNames = """
    nbsp iexcl cent pound curren yen brvbar sect uml copy ordf laquo not shy reg macr deg plusmn sup2 sup3 acute micro \
    para middot cedil sup1 ordm raquo frac14 frac12 frac34 iquest Agrave Aacute Acirc Atilde Auml Aring AElig Ccedil \
    Egrave Eacute Ecirc Euml Igrave Iacute Icirc Iuml ETH Ntilde Ograve Oacute Ocirc Otilde Ouml times Oslash Ugrave \
    Uacute Ucirc Uuml Yacute THORN szlig agrave aacute acirc atilde auml aring aelig ccedil egrave eacute ecirc euml \
    igrave iacute icirc iuml eth ntilde ograve oacute ocirc otilde ouml divide oslash ugrave uacute ucirc uuml yacute \
    thorn yuml
    """

  private static let entities: [Substring: String] = {
    var entities: [Substring: String] = [
      "amp": "&", "lt": "<", "gt": ">", "quot": "\"", "apos": "'", "ndash": "\u{2013}", "mdash": "\u{2014}",
      "lsquo": "\u{2018}", "rsquo": "\u{2019}", "ldquo": "\u{201C}", "rdquo": "\u{201D}", "bull": "\u{2022}",
      "hellip": "\u{2026}", "rarr": "\u{2192}", "euro": "\u{20AC}", "trade": "\u{2122}",
    ]
    for (index, name) in latinNames.split(separator: " ").enumerated() {
      entities[name] = Unicode.Scalar(UInt32(0xA0 + index)).map { String(Character($0)) }
    }
    // A soft hyphen is not shown.
    (entities["nbsp"], entities["shy"]) = (" ", "")
    return entities
  }()

  /// The scalars that numbers from 128 to 159 stand for: documents use those of Windows-1252 (HTML, "numeric character
  /// reference end state"). 0 for those without one.
  private static let windowsScalars: [UInt32] = [
    0x20AC, 0, 0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021, 0x02C6, 0x2030, 0x0160, 0x2039, 0x0152, 0, 0x017D, 0, 0,
    0x2018, 0x2019, 0x201C, 0x201D, 0x2022, 0x2013, 0x2014, 0x02DC, 0x2122, 0x0161, 0x203A, 0x0153, 0, 0x017E, 0x0178,
  ]

  /// Whether a body is an HTML document: by its media type, or without one by how it begins.
  /// - Parameter mediaType: the value of `Content-Type`; nil without one.
  static func isDocument(_ text: String, mediaType: String?) -> Bool {
    if let type = mediaType?.lowercased() {
      return type.hasPrefix("text/html") || type.hasPrefix("application/xhtml+xml")
    }
    let start = text.prefix(256).drop { $0.isWhitespace || $0 == "\u{FEFF}" }.lowercased()
    return start.hasPrefix("<!doctype html") || start.hasPrefix("<html")
  }

  /// The first sentence of the document's title, else of its text, on one line; nil when it has neither. It may contain
  /// control characters, since character references are resolved: sanitize it for display.
  static func summary(of document: String) -> String? {
    var (title, isInTitle) = ("", false)
    var (text, first) = ("", nil as String?)
    var rest = Substring(document)
    while let character = rest.first {
      guard character == "<" else {
        let run = rest.prefix { $0 != "<" }
        rest = rest[run.endIndex...]
        if isInTitle { title += run } else if first == nil { text += run }
        continue
      }
      guard let tag = tag(&rest) else { break }
      if tag.name == "title" {
        if tag.isEnd, let sentence = sentence(title) { return sentence }
        (title, isInTitle) = ("", !tag.isEnd)
      } else if hidden.contains(tag.name), !tag.isEnd {
        skip(&rest, tag.name)
      } else if !inline.contains(tag.name) {
        first = first ?? sentence(text)
        text = ""
      }
    }
    return sentence(title) ?? first ?? sentence(text)
  }

  /// Removes everything up to the end tag of an element: its content may look like tags.
  private static func skip(_ rest: inout Substring, _ name: String) {
    while let end = rest.firstRange(of: "</") {
      rest = rest[end.upperBound...]
      if rest.prefix(name.count).lowercased() == name {
        rest = rest.drop { $0 != ">" }.dropFirst()
        return
      }
    }
    rest = ""
  }

  /// Removes a tag or a comment from the front of `rest`; nil when it does not end.
  private static func tag(_ rest: inout Substring) -> (name: String, isEnd: Bool)? {
    if rest.hasPrefix("<!--") {
      guard let end = rest.firstRange(of: "-->") else { return nil }
      rest = rest[end.upperBound...]
      return ("!--", false)
    }
    guard let end = end(ofTag: rest) else { return nil }
    let content = rest[..<end].dropFirst()
    rest = rest[rest.index(after: end)...]
    let isEnd = content.first == "/"
    let name = content.dropFirst(isEnd ? 1 : 0).prefix { $0.isLetter || $0.isNumber || $0 == "!" }
    return (name.lowercased(), isEnd)
  }

  /// Where a tag ends: at the first `>` that is not in the quoted value of an attribute.
  private static func end(ofTag rest: Substring) -> Substring.Index? {
    var quote: Character?
    var previous: Character = "<"
    for index in rest.indices {
      let character = rest[index]
      if let open = quote {
        if character == open { quote = nil }
      } else if character == ">" {
        return index
      } else if previous == "=", character == "\"" || character == "'" {
        quote = character
      }
      if !character.isWhitespace { previous = character }
    }
    return nil
  }

  /// The first sentence of a text with its entities resolved and each run of white space as one space; nil when there is none.
  private static func sentence(_ text: String) -> String? {
    let words = resolved(text).split(whereSeparator: \.isWhitespace)
    guard !words.isEmpty else { return nil }
    let end = words.firstIndex { $0.count > 1 && ".!?".contains($0.last ?? " ") }
    return words[...(end ?? words.count - 1)].joined(separator: " ")
  }

  /// The text with its character references resolved; unknown ones are kept.
  private static func resolved(_ text: String) -> String {
    let parts = text.split(separator: "&", omittingEmptySubsequences: false)
    return parts.dropFirst().reduce(into: parts.first.map(String.init) ?? "") { result, part in
      let name = part.prefix(10).prefix { $0 != ";" }
      if part[name.endIndex...].first == ";", let character = character(name) {
        result += character
        result += part[name.endIndex...].dropFirst()
      } else {
        result += "&"
        result += part
      }
    }
  }

  private static func character(_ name: Substring) -> String? {
    guard name.first == "#" else { return entities[name] }
    let digits = name.dropFirst()
    guard let number = ["x", "X"].contains(digits.first) ? UInt32(digits.dropFirst(), radix: 16) : UInt32(digits) else {
      return nil
    }
    let value = (128..<160).contains(number) ? windowsScalars[Int(number) - 128] : number
    return value == 0 ? "\u{FFFD}" : Unicode.Scalar(value).map { String(Character($0)) }
  }
}
