import Testing
import UploadCore

@testable import sluice_bench

@Suite struct MedianTests {
  @Test func `the median is the middle value, or the mean of the two middle ones`() {
    #expect([3.0].median == 3)
    #expect([1.0, 2].median == 1.5)
    #expect([9.0, 1, 5].median == 5)
    #expect([4.0, 1, 3, 2].median == 2.5)
    #expect([1.0, 1, 1000].median == 1)
  }

  @Test(arguments: [(1, 1.0), (25, 1), (26, 2), (50, 2), (75, 3), (99, 4), (100, 4), (0, 1)])
  func `a percentile of four values is one of them`(percent: Int, expected: Double) {
    #expect([4.0, 2, 1, 3].percentile(percent) == expected)
  }

  @Test func `an empty list has neither a median nor a percentile`() {
    #expect([Double]().median == nil)
    #expect([Double]().percentile(99) == nil)
  }

  @Test func `medians are per column and ignore missing numbers`() {
    #expect(Subject.medians(of: [[1, nil, 7], [3, nil, nil], [2, nil, 9]]) == [2, nil, 8])
    #expect(Subject.medians(of: []) == [])
  }

  @Test func `subjects are measured in turn in each round, and reported by their medians`() throws {
    var order: [String] = []
    let subjects = ["a", "b"].map { name in
      Subject(labels: [name]) {
        order.append(name)
        return [Double(order.count)]
      }
    }
    let rows = try Subject.medians(of: subjects, rounds: 3)
    #expect(order == ["a", "b", "a", "b", "a", "b"])
    #expect(rows == [Report.Row(labels: ["a"], numbers: [3]), Report.Row(labels: ["b"], numbers: [4])])
  }
}
