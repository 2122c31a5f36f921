extension String {
  /// How many columns the grid needs for this text.
  package var columns: Int {
    if utf8.allSatisfy({ $0 >= 0x20 && $0 < 0x7F }) { return utf8.count }
    return TextClusters(self).reduce(0) { $0 + $1.width }
  }

  /// The text as the grid shows it, for what goes to a terminal by another way.
  package var printable: String {
    TextClusters(self).reduce(into: "") { $0 += $1.text }
  }
}
