import Testing

@testable import UploadCore

@Suite struct TimeSharesTests {
  private func percents(_ time: TimeShares) -> [String] {
    time.percentages.map { "\($0.cause.rawValue) \($0.percent)" }
  }

  @Test func `percentages are in the order of the causes and sum up to 100`() {
    #expect(percents(TimeShares([.limit: 7.79, .client: 29.52, .disk: 3.69])) == ["client 72", "disk 9", "limit 19"])
    #expect(percents(TimeShares([.client: 1, .server: 1, .network: 1])) == ["client 34", "server 33", "network 33"])
    let many = TimeShares([.client: 1, .server: 1, .network: 1, .disk: 1, .store: 1, .memory: 1, .limit: 1])
    #expect(many.percentages.reduce(0) { $0 + $1.percent } == 100)
  }

  @Test func `causes of less than half a percent are left out`() {
    #expect(percents(TimeShares([.client: 999, .disk: 1])) == ["client 100"])
    #expect(percents(TimeShares()).isEmpty)
  }

  @Test(arguments: [-1.0, .nan, .infinity])
  func `a number that is no time does not trap`(value: Double) {
    let time = TimeShares([.client: value, .disk: 1])
    #expect(time.parts(of: 40).reduce(0) { $0 + $1.count } <= 40)
    #expect(time.percentages.allSatisfy { 0...100 ~= $0.percent })
    _ = (time.scaled(to: 3), time.largest, Bottleneck(time))
  }

  @Test func `a strip of any width is filled completely`() {
    let time = TimeShares([.client: 3, .disk: 0.01, .limit: 2])
    for width in 1...60 { #expect(time.parts(of: width).reduce(0) { $0 + $1.count } == width) }
    #expect(time.parts(of: 0).isEmpty)
    #expect(time.parts(of: -1).isEmpty)
  }

  @Test func `shares that are scaled keep their proportions`() {
    let time = TimeShares([.client: 3, .disk: 1]).scaled(to: 8)
    #expect((time[.client], time[.disk], time.seconds) == (6, 2, 8))
    #expect(TimeShares().scaled(to: 8) == TimeShares())
  }

  @Test func `shares add up, an entry that is repeated too`() {
    var time = TimeShares([.client: 3, .client: 1])
    time += TimeShares([.client: 1, .paused: 2])
    #expect(time == TimeShares([.client: 5, .paused: 2]))
  }

  @Test func `the bottleneck is the largest cause without pauses`() throws {
    let bottleneck = try #require(Bottleneck(TimeShares([.client: 6, .disk: 2, .paused: 100])))
    #expect(bottleneck.cause == .client)
    #expect(bottleneck.share == 0.75)
  }

  @Test func `less than a second has no bottleneck`() {
    #expect(Bottleneck(TimeShares([.client: 0.9, .paused: 100])) == nil)
    #expect(Bottleneck(TimeShares()) == nil)
  }
}
