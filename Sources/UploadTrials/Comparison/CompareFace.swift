/// A way of showing a comparison.
protocol CompareFace {
  /// Something is done first that takes a while.
  mutating func note(_ text: String)
  /// A client begins.
  mutating func begin(_ comparison: Comparison)
  /// It goes on; called many times a second.
  mutating func show(_ comparison: Comparison)
  /// The last run of the client at `index` is over.
  mutating func end(_ comparison: Comparison, _ index: Int)
  /// All is over.
  mutating func finish(_ comparison: Comparison)
  /// Takes its leave before something else is printed.
  mutating func clear()
}

extension CompareFace {
  mutating func note(_ text: String) {}
  mutating func begin(_ comparison: Comparison) {}
  mutating func show(_ comparison: Comparison) {}
  mutating func clear() {}
}
