/// Values over time in a fixed amount of memory, a value each ``interval`` seconds at first.
///
/// When it is full, neighbours are merged and later values are taken half as often, so that it always reaches back to
/// the beginning or nearly so.
struct Series: Sendable, Hashable {
  enum Merge: Hashable, Sendable {
    case average
    case maximum
  }

  /// Seconds from one value to the next, as they are given.
  static let interval = 0.5
  /// Enough for a graph 100 cells wide in braille.
  static let capacity = 240

  /// Oldest first.
  private(set) var values: [Float] = []
  /// How many of the values given one of ``values`` stands for.
  private(set) var stride = 1
  private let merge: Merge
  private var pending: Float = 0
  private var pendingCount = 0

  init(_ merge: Merge) {
    self.merge = merge
  }

  /// Seconds that one of ``values`` stands for.
  var secondsPerValue: Double { Double(stride) * Self.interval }

  mutating func append(_ value: Double) {
    let value = value > 0 ? Float(min(value, 1e18)) : 0
    switch merge {
    case .average: pending += value / Float(stride)
    case .maximum: pending = max(pending, value)
    }
    pendingCount += 1
    guard pendingCount >= stride else { return }
    values.append(pending)
    (pending, pendingCount) = (0, 0)
    if values.count >= Self.capacity { halve() }
  }

  private mutating func halve() {
    values = Swift.stride(from: 0, to: values.count - 1, by: 2).map { index in
      let (first, second) = (values[index], values[index + 1])
      return merge == .average ? (first + second) / 2 : max(first, second)
    }
    stride *= 2
  }
}
