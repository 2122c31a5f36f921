/// How large something is, in terminal cells.
package struct Size: Hashable, Sendable {
  /// 0 to 4,096, as are all sizes: no terminal is larger, and no sum of them overflows.
  package let width: Int
  package let height: Int

  /// Values out of range become the nearest that is in range.
  package init(width: Int, height: Int) {
    self.width = min(max(0, width), Self.limit)
    self.height = min(max(0, height), Self.limit)
  }

  static let limit = 4096
}
