import UploadCore

/// A source file of a page, and what of it is served: without comments that have source lines of their own, without
/// indentation, and without empty lines; of a style sheet also without the spaces after punctuation.
///
/// It knows no grammar. So in the sources a comment has source lines of its own, no string spans several, and none that
/// begins within a string looks like a comment.
struct PageSource: Sendable {
  enum Language: Sendable {
    case html, css, javaScript
  }

  /// The text that is served; each line has a line end.
  let served: String

  /// - Parameter text: the source in UTF-8.
  init(_ text: some Collection<UInt8>, _ language: Language) {
    self.init(String(decoding: text, as: UTF8.self), language)
  }

  init(_ text: String, _ language: Language) {
    var served = ""
    var isInComment = false
    for line in text.split(whereSeparator: \.isNewline) {
      var rest = line[...]
      if !isInComment {
        rest = rest.trimmingWhitespace
        if rest.hasPrefix(language.commentStart) {
          isInComment = true
          rest = rest.dropFirst(language.commentStart.count)
        } else if let mark = language.lineComment, rest.hasPrefix(mark) {
          continue
        }
      }
      if isInComment {
        guard let end = rest.firstRange(of: language.commentEnd) else { continue }
        isInComment = false
        rest = rest[end.upperBound...].trimmingWhitespace
      }
      if !rest.isEmpty { served += rest + "\n" }
    }
    self.served = language.packed(served)
  }
}

extension PageSource.Language {
  /// What begins a comment that may span several source lines.
  fileprivate var commentStart: String {
    switch self {
    case .html: "<!--"
    case .css, .javaScript: "/*"
    }
  }

  fileprivate var commentEnd: String {
    switch self {
    case .html: "-->"
    case .css, .javaScript: "*/"
    }
  }

  /// A text without spaces that mean nothing. A style sheet has none of these sequences in a string or a selector.
  fileprivate func packed(_ text: String) -> String {
    switch self {
    case .html, .javaScript: text
    case .css: [" {", "{ ", "; ", " }", ": ", ", "].reduce(text) { $0.replacing($1, with: $1.trimmingWhitespace) }
    }
  }

  /// What begins a comment that ends with its source line; nil where there is none.
  fileprivate var lineComment: String? {
    switch self {
    case .html, .css: nil
    case .javaScript: "//"
    }
  }
}
