/// Memory over time, in a bounded number of points: where there are too many, two become one with the larger value.
struct MemorySeries: Sendable, Equatable {
  struct Point: Sendable, Equatable {
    /// Since the start.
    var seconds: Double
    var bytes: UInt64
  }

  private let most: Int
  private(set) var points: [Point] = []
  /// Samples that become one point, and those of the last point.
  private var samplesPerPoint = 1
  private var samplesInLast = 0

  /// - Parameter most: points kept; at least 2.
  init(most: Int = 1024) {
    self.most = max(2, most)
  }

  var duration: Double { points.last?.seconds ?? 0 }
  var peak: UInt64 { points.reduce(0) { max($0, $1.bytes) } }

  /// Adds a sample; later than the one before.
  mutating func add(_ bytes: UInt64, at seconds: Double) {
    if samplesInLast < samplesPerPoint, let last = points.last {
      points[points.count - 1] = Point(seconds: seconds, bytes: max(last.bytes, bytes))
      samplesInLast += 1
      return
    }
    if points.count == most { halve() }
    points.append(Point(seconds: seconds, bytes: bytes))
    samplesInLast = 1
  }

  private mutating func halve() {
    points = stride(from: 0, to: points.count, by: 2).map { index in
      let pair = points[index..<min(index + 2, points.count)]
      return Point(seconds: pair[pair.endIndex - 1].seconds, bytes: pair.reduce(0) { max($0, $1.bytes) })
    }
    samplesPerPoint *= 2
  }

  /// The largest value in each of `count` equal parts of the time from 0 to `span`; nothing before the first sample and
  /// after the last is 0.
  func columns(_ count: Int, span: Double) -> [Double] {
    guard count > 0, span > 0 else { return [] }
    var values = [Double](repeating: 0, count: count)
    var before = 0
    for point in points {
      let column = min(count - 1, max(0, Int(min(1, point.seconds / span) * Double(count))))
      // A column between two samples has the later one's value: memory is held, it does not flash.
      for index in min(before + 1, column)...column { values[index] = max(values[index], Double(point.bytes)) }
      before = column
    }
    return values
  }
}
