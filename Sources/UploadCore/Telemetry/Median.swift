extension Collection where Element == Double {
  /// The middle value, or the mean of the two middle ones; nil of nothing.
  package var median: Double? {
    guard !isEmpty else { return nil }
    let sorted = sorted()
    let middle = sorted.count / 2
    return sorted.count.isMultiple(of: 2) ? (sorted[middle - 1] + sorted[middle]) / 2 : sorted[middle]
  }

  /// The smallest value that at least `percent` of a hundred are not above (the nearest rank); nil of nothing.
  package func percentile(_ percent: Int) -> Double? {
    guard !isEmpty else { return nil }
    let rank = (count * percent + 99) / 100
    return sorted()[Swift.min(Swift.max(rank, 1), count) - 1]
  }
}
