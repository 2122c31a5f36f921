import Testing
import UploadCore

@testable import UploadTrials

@Suite struct MemorySeriesTests {
  @Test func `few samples are kept unchanged`() {
    var series = MemorySeries(limit: 4)
    for second in 0..<4 { series.add(UInt64(second), at: Double(second)) }
    #expect(series.points.map(\.bytes) == [0, 1, 2, 3])
    #expect(series.duration == 3 && series.peak == 3)
  }

  @Test(arguments: [5, 100, 12_345])
  func `many samples become a limited number of points with the same peak and duration`(count: Int) {
    var series = MemorySeries(limit: 64)
    for index in 0..<count { series.add(index == count / 3 ? 1000 : 1, at: Double(index)) }
    #expect(series.points.count <= 64 && series.peak == 1000)
    #expect(series.duration == Double(count - 1))
    #expect(zip(series.points, series.points.dropFirst()).allSatisfy { $0.seconds < $1.seconds })
  }

  @Test func `columns between samples have the later value, and those after the last are 0`() {
    var series = MemorySeries()
    series.add(1, at: 0)
    series.add(5, at: 3.5)
    #expect(series.columns(8, span: 8) == [1, 5, 5, 5, 0, 0, 0, 0])
    #expect(series.columns(2, span: 3) == [1, 5])
    #expect(series.columns(0, span: 1) == [] && series.columns(3, span: 0) == [])
    #expect(MemorySeries().columns(2, span: 1) == [0, 0])
  }
}
