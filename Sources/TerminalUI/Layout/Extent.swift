/// How much of a row or a column of things one of them is to get, in cells.
package enum Extent: Sendable {
  /// So many, as long as there are any left.
  case fixed(Int)
  /// A part of the whole, 0 to 1, but not less than `min`.
  case fraction(Double, min: Int = 0)
  /// A share of what the others leave, but not less than `min`; shares go by weight.
  case rest(weight: Int = 1, min: Int = 0)

  /// The lengths that `extents` get of `total`, first come first served where it does not suffice for all.
  ///
  /// Each is 0 or more and their sum is at most `total`; with a `rest` among them it is `total`.
  package static func lengths(_ extents: [Extent], total: Int) -> [Int] {
    let total = max(0, Rect.bounded(total))
    var left = total
    var lengths = extents.map { extent in
      let length = min(left, extent.wanted(of: total))
      left -= length
      return length
    }
    var weights = extents.reduce(0) { $0 + $1.weight }
    for (index, extent) in extents.enumerated() where extent.weight > 0 {
      let share = left * extent.weight / weights
      lengths[index] += share
      left -= share
      weights -= extent.weight
    }
    return lengths
  }

  private func wanted(of total: Int) -> Int {
    switch self {
    case .fixed(let length): return max(0, length)
    case .fraction(let part, let min):
      let part = part.isFinite ? Swift.min(Swift.max(0, part), 1) : 0
      return Swift.max(0, min, Int(Double(total) * part))
    case .rest(_, let min): return Swift.max(0, min)
    }
  }

  private var weight: Int {
    if case .rest(let weight, _) = self { min(max(0, weight), 1 << 20) } else { 0 }
  }
}
