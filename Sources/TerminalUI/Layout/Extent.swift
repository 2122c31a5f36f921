/// How much of a row or a column of things one of them is to get, in cells.
package enum Extent: Sendable {
  /// So many, as long as there are any left.
  case fixed(Int)
  /// A share of what the others leave, but not less than `min`; shares go by weight.
  case rest(weight: Int = 1, min: Int = 0)

  /// The lengths that `extents` get of `total`, first come first served where it does not suffice for all.
  ///
  /// Each is 0 or more and their sum is at most `total`; with a `rest` among them it is `total`.
  package static func lengths(_ extents: [Extent], total: Int) -> [Int] {
    let total = max(0, Rect.bounded(total))
    var left = total
    var lengths = extents.map { extent in
      let length = min(left, extent.wanted)
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

  private var wanted: Int {
    switch self {
    case .fixed(let length), .rest(_, let length): max(0, length)
    }
  }

  private var weight: Int {
    if case .rest(let weight, _) = self { min(max(0, weight), 1 << 20) } else { 0 }
  }
}
