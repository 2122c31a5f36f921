import Testing
import UploadCore

@testable import Dashboard

@Suite struct UploadSortTests {
  private func names(_ uploads: [UploadSnapshot], by sort: UploadSort) -> [String] {
    var list = UploadList()
    _ = list.update(with: uploads, ticks: 1)
    list.arrange(by: sort, filter: UploadFilter())
    return list.shown.indices.compactMap { list.record(at: $0)?.now.name }
  }

  private let uploads: [UploadSnapshot] = [
    .example("c") { ($0.size, $0.eta, $0.speed) = (30, 5, 2e6) },
    .example("b") { ($0.size, $0.eta, $0.speed) = (nil, nil, 9e6) },
    UploadSnapshot.example("d") { $0.size = 10 }.stalled(.disk, 7),
    .example("a") { ($0.size, $0.eta, $0.speed, $0.state) = (20, 90, 1e6, .limited) },
  ]

  @Test(arguments: [
    (UploadSort.started, "adbc"), (.state, "dabc"), (.rate, "bcad"), (.timeLeft, "cadb"), (.name, "abcd"),
    (.size, "cadb"),
  ])
  func `active uploads are in the order of start, state, rate, time left, name or size`(sort: UploadSort, order: String)
  {
    #expect(names(uploads, by: sort).joined() == order)
  }

  @Test(arguments: UploadSort.allCases)
  func `interrupted, queued and ended uploads stay below the active ones in each order`(_ sort: UploadSort) {
    let rest: [UploadSnapshot] = [
      UploadSnapshot.example("0 interrupted").interrupted(3), .queued("0 queued"),
      UploadSnapshot.example("0 ended") { ($0.size, $0.speed) = (.max, 1e12) }.finished(),
    ]
    #expect(names(uploads + rest, by: sort).suffix(3) == ["0 interrupted", "0 queued", "0 ended"])
  }

  @Test(arguments: UploadSort.allCases.filter { $0 != .started && $0 != .name })
  func `uploads that are equal in an order stay newest first`(_ sort: UploadSort) {
    #expect(names(["1", "2", "3", "4"].map { .example($0) }, by: sort) == ["4", "3", "2", "1"])
  }

  @Test(arguments: [UploadSort.rate, .timeLeft, .size])
  func `numbers that are NaN or infinite have a place in each order`(_ sort: UploadSort) {
    let numbers: [Double] = [.nan, 1, .infinity, -.infinity, .nan, 5]
    let odd = numbers.enumerated().map { index, number in
      UploadSnapshot.example("\(index)") { ($0.speed, $0.eta) = (number, number) }
    }
    #expect(Set(names(odd, by: sort)).count == numbers.count)
  }

  @Test func `the key s goes through all orders and says each in a note`() {
    var driver = Driver()
    var seen: [UploadSort] = []
    for _ in UploadSort.allCases {
      driver.type("s")
      seen.append(driver.model.settings.sort)
      #expect(driver.row(33).contains("order of uploads: \(driver.model.settings.sort.text)"))
    }
    #expect(seen == [.state, .rate, .timeLeft, .name, .size, .started])
  }
}
