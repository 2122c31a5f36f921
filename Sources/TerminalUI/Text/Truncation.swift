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
