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

/// A piece of text in one style.
package struct Span: Hashable, Sendable {
  package var text: String
  /// Laid over the style that the whole text is written in.
  package var style: Style

  package init(_ text: String, _ style: Style = .plain) {
    self.text = text
    self.style = style
  }
}

/// A cell's worth of text and how it is shown.
struct StyledCluster {
  let cluster: TextCluster
  let style: Style
}

/// Where a text stands in a space wider than itself.
package enum Alignment: Sendable {
  case leading
  case center
  case trailing

  /// The free columns before a text of `columns` in `width`.
  func offset(of columns: Int, in width: Int) -> Int {
    switch self {
    case .leading: 0
    case .center: max(0, width - columns) / 2
    case .trailing: max(0, width - columns)
    }
  }
}

/// Which part of a text gives way when the space is too narrow; an ellipsis stands for it.
package enum Truncation: Sendable {
  /// The end: for words and sentences.
  case end
  /// The middle: for file names, whose extension matters.
  case middle
  /// The start: for paths.
  case start

  /// The clusters of `text` that fit into `columns`, with the ellipsis where some are left out.
  ///
  /// May come out a column short where a wide character would have to be cut.
  func fit(_ text: [StyledCluster], columns: Int, ellipsis: TextCluster) -> [StyledCluster] {
    guard text.reduce(0, { $0 + $1.cluster.width }) > columns else { return text }
    let room = columns - ellipsis.width
    guard room >= 0 else { return [] }
    let headRoom =
      switch self {
      case .end: room
      case .middle: (room + 1) / 2
      case .start: 0
      }
    let head = Self.prefix(text, columns: headRoom)
    let tail = Self.prefix(text.reversed(), columns: room - headRoom).reversed()
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
