import Testing

@testable import Dashboard

@Suite struct SeriesTests {
  @Test func `a series keeps all values until it is full`() {
    var series = Series(.average)
    for value in 1..<Series.capacity { series.append(Double(value)) }
    #expect(series.values == (1..<Series.capacity).map(Float.init))
    #expect(series.secondsPerValue == 0.5)
  }

  @Test(arguments: [(Series.Merge.average, Float(1.5)), (.maximum, 2)])
  func `a full series merges neighbours into half as many values, which stand for 1 second each`(
    _ merge: Series.Merge,
    _ first: Float
  ) {
    var series = Series(merge)
    for value in 1...Series.capacity { series.append(Double(value)) }
    #expect(series.values.count == Series.capacity / 2)
    #expect(series.values.first == first)
    #expect(series.secondsPerValue == 1)
    series.append(1000)
    series.append(1000)
    #expect(series.values.last == 1000)
  }

  @Test func `after 100,000 values a series is below its capacity and reaches back to the first of them`() {
    var series = Series(.maximum)
    for _ in 0..<100_000 { series.append(7) }
    #expect(series.values.count < Series.capacity)
    #expect(series.values.allSatisfy { $0 == 7 })
    #expect(Double(series.values.count) * series.secondsPerValue > 100_000 * 0.5 * 0.9)
  }

  @Test(arguments: [Double.nan, -1, -Double.infinity]) func `NaN and negative values count as zero`(
    _ value: Double
  ) {
    var series = Series(.average)
    series.append(value)
    #expect(series.values == [0])
  }
}
