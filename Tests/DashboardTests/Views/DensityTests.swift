import TerminalUI
import Testing
import UploadCore

@testable import Dashboard

/// How many uploads are visible, and how many rows each takes.
@Suite struct DensityTests {
  /// Of forty uploads about a third is outgoing, or none.
  private static func forty(outgoing: Bool) -> [UploadSnapshot] {
    (0..<40).map { index in
      let name = "recording-\(100 + index).wav"
      return outgoing && index % 3 == 2 ? .sending(name) : .example(name)
    }
  }

  private func visible(_ driver: Driver, _ names: [String]) -> Int {
    let text = driver.text
    return names.count { text.contains($0) }
  }

  @Test(arguments: [(200, 50, 36), (120, 34, 22), (80, 24, 14), (60, 16, 9), (40, 12, 7)], [false, true])
  func `of forty active uploads most are visible`(_ size: (Int, Int, Int), _ hasOutgoing: Bool) {
    let uploads = Self.forty(outgoing: hasOutgoing)
    var driver = Driver(Size(width: size.0, height: size.1))
    driver.send(.freeSpace(44_300_000_000))
    driver.show(uploads)
    // Names are truncated in the middle on a narrow screen: their numbers remain.
    let numbers = uploads.map { $0.name.suffix(6).description }
    let count = visible(driver, numbers)
    #expect(count >= size.2, "\(count) are visible:\n\(driver.text)")
  }

  @Test func `a name has at least 36 columns in a pane of 100 columns, and 24 in one of 80`() {
    for (width, least) in [(100, 36), (80, 24), (140, 36), (240, 44)] {
      for rows in 1...3 {
        let layout = UploadRowLayout(width: width - 2, rows: rows)
        let name = layout.rows[0].first { $0.field == .name }?.width ?? 0
        #expect(name >= least, "\(width), \(rows) rows")
        #expect(layout.quiet.first?.width == name, "all rows of a pane have the same columns")
      }
    }
  }

  @Test func `one row has name, mode, bar, percentage, rate, time left and memory, in this order`() {
    let name = "holiday-video-from-norway-2026.mp4"
    var settings = DashboardSettings()
    settings.density = .one
    var driver = Driver(settings: settings)
    driver.show([.example(name)])
    let row = driver.row(3).replacing(/[▏▎▍▌▋▊▉█]+─+/, with: "BAR")
    #expect(row.contains(/norway-2026\.mp4 +stream BAR +50 % +96\.2 MiB\/s +0:10 +3\.0 MiB │/), "\(row)")
  }

  @Test(arguments: [
    (UploadSnapshot.example().stalled(.client, 22), "stalled: client 22 s"),
    (UploadSnapshot.example().interrupted(120), "interrupted 2 min"),
    (UploadSnapshot.sending().paused(), "paused"),
    (UploadSnapshot.example { $0.state = .finishing }, "finishing"),
    (UploadSnapshot.example { $0.state = .waitingForMemory }, "waiting for memory"),
  ])
  func `in one row a state that is not normal takes the place of rate and time`(
    _ upload: UploadSnapshot,
    _ state: String
  ) {
    var settings = DashboardSettings()
    settings.density = .one
    for (width, height) in [(200, 50), (120, 34), (80, 24), (40, 12)] {
      var driver = Driver(Size(width: width, height: height), settings: settings)
      driver.show([upload])
      if upload.direction == .outgoing { driver.type("2") }
      let row = driver.selectedRow ?? ""
      #expect(row.contains(state) && !row.contains("/s "), "\(driver.text)")
    }
  }

  @Test func `as width shrinks a row loses its mode, the unit of memory, the bar, memory, and then the percentage`() {
    func fields(_ width: Int) -> [UploadRowLayout.Field] { UploadRowLayout(width: width, rows: 1).rows[0].map(\.field) }
    func width(_ field: UploadRowLayout.Field, _ width: Int) -> Int {
      UploadRowLayout(width: width, rows: 1).rows[0].first { $0.field == field }?.width ?? 0
    }
    #expect(fields(98) == [.name, .mode, .bar, .percent, .status, .memory])
    #expect(fields(84) == [.name, .bar, .percent, .status, .memory] && width(.memory, 84) == 9)
    #expect(width(.memory, 78) == 7 && width(.bar, 78) == 14)
    #expect(width(.bar, 72) < 14 && width(.bar, 72) >= 6)
    #expect(fields(56) == [.name, .percent, .status, .memory])
    #expect(fields(50) == [.name, .percent, .status])
    #expect(fields(38) == [.name, .status])
    var before = Set(fields(300))
    for width in (1...300).reversed() {
      let now = Set(fields(width))
      #expect(now.isSubset(of: before), "\(width)")
      #expect(width < 12 || now.isSuperset(of: [.name, .status]), "\(width)")
      before = now
    }
  }

  @Test func `no field overlaps another or ends beyond the row, at any width`() {
    for width in 0...320 {
      for rows in 1...3 {
        let layout = UploadRowLayout(width: width, rows: rows)
        for row in layout.rows + [layout.quiet] {
          var end = 1
          for place in row {
            #expect(place.x >= end && place.width >= 0, "\(width)")
            end = place.x + place.width + 1
          }
          #expect(width < 12 || end <= width, "\(width) \(rows)")
        }
      }
    }
  }

  @Test(arguments: [(9, 3), (10, 2), (14, 2), (15, 1)])
  func `uploads of a pane take as many rows as fit all active ones`(_ count: Int, _ rows: Int) {
    var driver = Driver()
    driver.show((0..<count).map { .example("file-\(100 + $0)") })
    #expect(driver.model.layout.rowsPerUpload(in: .incoming) == rows, "\(driver.text)")
    // Below titles, where each takes one row.
    let top = rows == 1 ? 4 : 3
    #expect(driver.row(top).contains("file-\(99 + count)") && driver.row(top + rows).contains("file-\(98 + count)"))
  }

  @Test func `ended and queued uploads take one row beside active ones that take three`() {
    var driver = Driver()
    let active = (0..<3).map { UploadSnapshot.sending("active-\($0)") }
    let queued = (0..<4).map { UploadSnapshot.queued("queued-\($0)") }
    driver.show(active + queued + [UploadSnapshot.sending("ended").finished()])
    driver.type("2")
    for (y, name) in [
      (3, "active-2"), (6, "active-1"), (9, "active-0"), (12, "queued-0"), (13, "queued-1"), (15, "queued-3"),
      (16, "ended"),
    ] {
      #expect(driver.row(y).contains(name), "\(driver.text)")
    }
    #expect(driver.row(12).contains("queued  1.0 MiB"))
  }

  @Test func `the key d steps through automatic, 1, 2 and 3 rows, says so and stores it`() {
    var driver = Driver()
    driver.show([.example("a"), .example("b")])
    for (rows, text) in [(1, "1 row for each"), (2, "2 rows for each"), (3, "3 rows for each"), (3, "as many rows")] {
      driver.type("d")
      #expect(driver.model.layout.rowsPerUpload(in: .incoming) == rows)
      #expect(driver.row(33).contains(text), "\(driver.row(33))")
      #expect(driver.takeEffects() == [.save(driver.model.settings)])
    }
  }

  @Test func `rows become lower at once, and higher only when there have been few uploads for five seconds`() {
    var driver = Driver()
    let uploads = (0..<10).map { UploadSnapshot.example("file-\($0)") }
    func rows() -> Int { driver.model.layout.rowsPerUpload(in: .incoming) }
    driver.show(Array(uploads.prefix(9)))
    #expect(rows() == 3)
    driver.show(uploads)
    #expect(rows() == 2)
    for _ in 0..<9 {
      driver.show(Array(uploads.prefix(9)))
      #expect(rows() == 2)
    }
    driver.show(Array(uploads.prefix(9)))
    #expect(rows() == 3)
    driver.show(uploads)
    driver.type("/file-1")
    #expect(rows() == 3, "a filter decides at once")
  }

  @Test func `keys and mouse follow uploads of several heights`() {
    var driver = Driver(Size(width: 120, height: 20))
    let active = (0..<4).map { UploadSnapshot.example("active-\($0)") }
    let ended = (0..<30).map { UploadSnapshot.example("ended-\(100 + $0)").finished() }
    driver.show(active + ended)
    driver.show(active)
    // 15 rows: three for each active one, and three ended ones below.
    #expect(driver.model.layout.rowsPerUpload(in: .incoming) == 3)
    driver.type("M")
    for (y, name) in [
      (3, "active-3"), (5, "active-3"), (6, "active-2"), (14, "active-0"), (15, "ended-129"), (17, "ended-127"),
    ] {
      driver.send(.input(.mouse(MouseEvent(.press, at: Point(x: 10, y: y)))))
      #expect(driver.selectedRow?.contains(name) == true, "row \(y): \(driver.text)")
    }
    #expect(driver.row(18).contains("27 below"), "\(driver.row(18))")
    driver.type("g")
    driver.press(.pageDown)
    #expect(driver.selectedRow?.contains("ended-126") == true, "\(driver.text)")
    driver.press(.end)
    #expect(driver.selectedRow?.contains("ended-100") == true && driver.row(17).contains("ended-100"))
    driver.type("kkkkk")
    #expect(driver.selectedRow?.contains("ended-105") == true && driver.row(17).contains("ended-100"))
    driver.type("g")
    #expect(driver.selectedRow?.contains("active-3") == true && driver.row(3).contains("active-3"))
  }

  @Test func `with 1,000 active and 10,000 finished uploads a frame draws only the visible rows`() {
    var driver = Driver(Size(width: 120, height: 34))
    let active = (0..<1000).map { UploadSnapshot.example("active-\($0)") }
    for batch in 0..<10 {
      driver.show(active + (0..<1000).map { UploadSnapshot.example("ended-\(batch)-\($0)").finished() })
    }
    driver.show(active)
    let list = driver.model.shown[.incoming]
    #expect(list.tallCount == 1000 && list.endedCount == UploadList.endedLimit)
    #expect(driver.text.contains("1000 active") && driver.text.contains("9800 older not listed"), "\(driver.text)")
    driver.press(.end)
    #expect(driver.selectedRow?.contains("ended-") == true)
  }
}
