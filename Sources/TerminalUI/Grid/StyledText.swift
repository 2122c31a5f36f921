/// A text in one row with several styles. A string literal is a styled text in the plain style.
package struct StyledText: Hashable, Sendable, ExpressibleByStringInterpolation {
  package var spans: [Span]

  package init(_ spans: [Span]) { self.spans = spans }

  package init(_ text: String, _ style: Style = .plain) { spans = text.isEmpty ? [] : [Span(text, style)] }

  package init(stringLiteral text: String) { self.init(text) }

  package var isEmpty: Bool { spans.allSatisfy(\.text.isEmpty) }

  /// The width of the text in the grid, in columns.
  package var columns: Int { spans.reduce(0) { $0 + $1.text.columns } }

  package mutating func append(_ text: String, _ style: Style = .plain) { spans.append(Span(text, style)) }

  package static func + (left: StyledText, right: StyledText) -> StyledText { StyledText(left.spans + right.spans) }

  func clusters(over base: Style) -> [StyledCluster] {
    spans.flatMap { span in
      let style = span.style.over(base)
      return TextClusters(span.text).map { StyledCluster(cluster: $0, style: style) }
    }
  }
}

/// A part of a text that has one style.
package struct Span: Hashable, Sendable {
  package var text: String
  /// Applied on top of the style of the whole text, as by ``Style/over(_:)``.
  package var style: Style

  package init(_ text: String, _ style: Style = .plain) { (self.text, self.style) = (text, style) }
}

/// A character of a styled text, one or two columns wide, with its style.
struct StyledCluster {
  let cluster: TextCluster
  let style: Style
}

/// The position of a text in a wider space.
package enum Alignment: Sendable {
  case leading
  case center
  case trailing

  /// The number of free columns before a text of `columns` columns in a field of `width` columns; 0 for a wider text.
  func offset(of columns: Int, in width: Int) -> Int {
    switch self {
    case .leading: 0
    case .center: max(0, width - columns) / 2
    case .trailing: max(0, width - columns)
    }
  }
}

/// The part of a text that an ellipsis replaces when the space is too narrow.
package enum Truncation: Sendable {
  /// The end: for sentences.
  case end
  /// The middle: for file names, whose extension matters.
  case middle
  /// The start: for paths.
  case start

  /// The clusters of `text` that fit into `columns`, with the ellipsis in place of the others; all of them when they
  /// fit, none when not even the ellipsis does. The result may be one column narrower, or two with `middle`, where only
  /// half of a wide character would fit.
  func fit(_ text: [StyledCluster], columns: Int, ellipsis: TextCluster) -> [StyledCluster] {
    guard text.reduce(0, { $0 + $1.cluster.width }) > columns else { return text }
    let room = columns - ellipsis.width
    guard room >= 0 else { return [] }
    let before =
      switch self {
      case .end: room
      case .middle: (room + 1) / 2
      case .start: 0
      }
    let head = Self.prefix(text, columns: before)
    let tail = Self.prefix(text.reversed(), columns: room - before).reversed()
    let style = self == .start ? text[text.count - tail.count - 1].style : text[head.count].style
    return head + [StyledCluster(cluster: ellipsis, style: style)] + tail
  }

  private static func prefix(_ text: some Sequence<StyledCluster>, columns: Int) -> [StyledCluster] {
    var left = columns
    return text.prefix {
      left -= $0.cluster.width
      return left >= 0
    }
  }
}
