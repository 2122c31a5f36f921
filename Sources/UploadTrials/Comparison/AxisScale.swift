/// Round numbers along an axis that begins at 0.
struct AxisScale: Equatable {
  /// Between two marks.
  let step: Double
  /// The last mark, at or above the largest value.
  let top: Double

  private init(largest: Double, step: Double) {
    self.step = step
    top = max(1, (largest / step).rounded(.up)) * step
  }

  /// Every mark from 0 to the last.
  var marks: [Double] {
    (0...Int((top / step).rounded())).map { Double($0) * step }
  }

  /// At most six steps, each a power of two: round in KiB, MiB and GiB alike.
  static func bytes(upTo largest: UInt64) -> AxisScale {
    let largest = max(1, Double(largest))
    var step = 1.0
    while largest / step > 6 { step *= 2 }
    return AxisScale(largest: largest, step: step)
  }

  /// At most ten steps of 1, 2 or 5 tenths of seconds, seconds, tens of seconds.
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
