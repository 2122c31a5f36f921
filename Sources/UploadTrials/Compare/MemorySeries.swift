/// Memory over time, in a bounded number of points: where there are too many, two become one with the larger value.
struct MemorySeries: Sendable, Equatable {
  struct Point: Sendable, Equatable {
    /// Seconds from the start to the last of the point's samples.
    var seconds: Double
    /// The largest of the point's samples.
    var bytes: UInt64
  }

  private let limit: Int
  private(set) var points: [Point] = []
  /// Samples that become one point, and those in the last point so far.
  private var samplesPerPoint = 1
  private var samplesInLast = 0

  /// - Parameter limit: the most points that are kept; less than 2 counts as 2.
  init(limit: Int = 1024) {
    self.limit = max(2, limit)
  }

  var duration: Double { points.last?.seconds ?? 0 }
  var peak: UInt64 { points.reduce(0) { max($0, $1.bytes) } }

  /// Adds a sample of `bytes`, taken `seconds` after the start and later than the one before.
  mutating func add(_ bytes: UInt64, at seconds: Double) {
    if samplesInLast < samplesPerPoint, let last = points.last {
      points[points.count - 1] = Point(seconds: seconds, bytes: max(last.bytes, bytes))
      samplesInLast += 1
      return
    }
    if points.count == limit { halve() }
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

  /// The largest value, in bytes, in each of `count` equal parts of the time from 0 to `span` seconds. A part between two
  /// samples has the value of the later one, and a part after the last is 0; the first sample should be in the first part.
  /// Empty unless `count` and `span` are above 0.
  func columns(_ count: Int, span: Double) -> [Double] {
    guard count > 0, span > 0 else { return [] }
    var values = [Double](repeating: 0, count: count)
    var before = 0
    for point in points {
      let column = min(count - 1, max(0, Int(min(1, point.seconds / span) * Double(count))))
      // A part between two samples has the value of the later one.
      for index in min(before + 1, column)...column { values[index] = max(values[index], Double(point.bytes)) }
      before = column
    }
    return values
  }
}

/// Round numbers along the axis of a chart that begins at 0.
struct AxisScale: Equatable {
  /// Distance between two marks, in the unit of the values.
  let step: Double
  /// The last mark, a multiple of ``step`` at or above the largest value.
  let top: Double

  private init(largest: Double, step: Double) {
    self.step = step
    top = max(1, (largest / step).rounded(.up)) * step
  }

  /// Every mark from 0 to the last.
  var marks: [Double] {
    (0...Int((top / step).rounded())).map { Double($0) * step }
  }

  /// An axis in bytes: at most six equal steps of a power of two bytes, up to or just above `largest`. Powers of two are round
  /// numbers in KiB, MiB and GiB alike.
  static func bytes(upTo largest: UInt64) -> AxisScale {
    let largest = max(1, Double(largest))
    var step = 1.0
    while largest / step > 6 { step *= 2 }
    return AxisScale(largest: largest, step: step)
  }

  /// An axis in seconds: at most ten equal steps of 1, 2 or 5 times a power of ten, up to or just above `largest`, which is
  /// limited to 0.1 to 10⁹; 0.1 where it is not finite.
  static func seconds(upTo largest: Double) -> AxisScale {
    let largest = largest.isFinite ? min(max(0.1, largest), 1e9) : 0.1
    var decade = 0.01
    while true {
      for factor in [1.0, 2, 5] where largest / (decade * factor) <= 10 {
        return AxisScale(largest: largest, step: decade * factor)
      }
      decade *= 10
    }
  }
}
