/// A line of text in several styles. A plain string literal is one too.
package struct StyledText: Hashable, Sendable, ExpressibleByStringInterpolation {
  package var spans: [Span]

  package init(_ spans: [Span]) {
    self.spans = spans
  }

  package init(_ text: String, _ style: Style = .plain) {
    spans = text.isEmpty ? [] : [Span(text, style)]
  }

  package init(stringLiteral text: String) {
    self.init(text)
  }

  package var isEmpty: Bool { spans.allSatisfy(\.text.isEmpty) }

  /// How many columns the grid needs for it.
  package var columns: Int { spans.reduce(0) { $0 + $1.text.columns } }

  package mutating func append(_ text: String, _ style: Style = .plain) {
    spans.append(Span(text, style))
  }

  package static func + (left: StyledText, right: StyledText) -> StyledText {
    StyledText(left.spans + right.spans)
  }

  func clusters(over base: Style) -> [StyledCluster] {
    spans.flatMap { span in
      let style = span.style.over(base)
      return TextClusters(span.text).map { StyledCluster(cluster: $0, style: style) }
    }
  }
}
