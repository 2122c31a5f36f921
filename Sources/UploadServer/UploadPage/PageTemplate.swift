/// A text with placeholders such as `{{action}}`.
struct PageTemplate: Sendable {
  private enum Part: Sendable {
    case text(String)
    case placeholder(String)
  }

  private let parts: [Part]

  /// - Parameter text: a `{{` without a `}}` after it is text.
  init(_ text: String) {
    var (parts, rest) = ([Part](), text[...])
    while let start = rest.firstRange(of: "{{"), let end = rest[start.upperBound...].firstRange(of: "}}") {
      parts.append(.text(String(rest[..<start.lowerBound])))
      parts.append(.placeholder(String(rest[start.upperBound..<end.lowerBound])))
      rest = rest[end.upperBound...]
    }
    self.parts = parts + [.text(String(rest))]
  }

  /// The names of all placeholders, in their order.
  var placeholders: [String] {
    parts.compactMap { if case .placeholder(let name) = $0 { name } else { nil } }
  }

  /// The text with the values of its placeholders, in which placeholders are not replaced again. One without a value
  /// stays.
  func filled(_ values: [String: String]) -> String {
    parts.map { part in
      switch part {
      case .text(let text): text
      case .placeholder(let name): values[name] ?? "{{\(name)}}"
      }
    }.joined()
  }
}
