import Dashboard
import TerminalUI
import Testing
import UploadCore

/// The first rows of the screen.
@Suite struct HeaderTests {
  private let uploads: [UploadSnapshot] = [
    .example("a") { ($0.size, $0.bytes, $0.speed) = (20 << 30, 2 << 30, 131 * 1_048_576) },
    .example("b") { ($0.size, $0.bytes, $0.speed) = (1 << 30, 1 << 29, 0) },
    .sending("c") { ($0.size, $0.bytes, $0.speed) = (3 << 30, 1 << 30, 99 * 1_048_576) },
    .queued("d"),
  ]

  private func driver(_ uploads: [UploadSnapshot], _ width: Int = 120, _ height: Int = 34) -> Driver {
    var driver = Driver(Size(width: width, height: height))
    driver.send(.freeSpace(69 << 30))
    driver.show(uploads)
    return driver
  }

  @Test
  func `the first row has count, rate, remaining bytes and time left of each direction, and memory with its peak`() {
    let row = driver(uploads).row(0)
    #expect(row.hasPrefix(" sluice  ↓ 2 · 131 MiB/s · 18.5 GiB left, 2:24 "), "\(row)")
    #expect(row.contains(" ↑ 1 · 99.0 MiB/s · 2.0 GiB left, 0:20 "), "\(row)")
    #expect(row.hasSuffix("  memory 14 MiB, peak 22 MiB "), "\(row)")
  }

  @Test func `the second row has the link with its keys, buffers, free disk and uptime`() {
    let row = driver(uploads).row(1)
    #expect(row.hasPrefix(" http://192.168.1.7:8080/  (y copies, Q shows a QR code) "), "\(row)")
    #expect(row.hasSuffix(" buffers 4 of 256 MiB · disk 69.0 GiB free · up 0 min "), "\(row)")
  }

  @Test func `an upload of unknown size makes the remaining bytes and the time a least number`() {
    let row = driver(uploads + [.example("e") { $0.size = nil }]).row(0)
    #expect(row.contains("↓ 3 ·") && row.contains("≥18.5 GiB left, "), "\(row)")
  }

  @Test func `stalled and idle directions have no time left`() {
    let row = driver([.example("a").stalled(.client, 30)]).row(0)
    #expect(row.contains("↓ 1 · 0 B/s · 1.0 GiB left ") && row.contains("↑ 0 · 0 B/s "), "\(row)")
  }

  @Test func `as the width shrinks the peak, the remaining bytes, the time, the memory and the rates are left out`() {
    func row(_ width: Int) -> String { driver(uploads, width, 24).row(0) }
    #expect(row(110).contains("18.5 GiB left, 2:24") && row(110).contains("memory 14 MiB "))
    #expect(
      row(80).contains("131 MiB/s · 2:24 ") && row(80).contains(" 0:20 ") && row(80).contains("memory 14 MiB "),
      "\(row(80))"
    )
    #expect(row(60).contains("↓ 2 · 131 MiB/s") && row(60).contains("↑ 1 · 99.0 MiB/s") && row(60).contains("memory"))
    #expect(row(44).contains("↓ 2 · 131 MiB/s") && row(44).contains("↑ 1"), "\(row(44))")
  }

  @Test func `the second direction keeps its column when the numbers of the first change`() {
    func column(_ speed: Double) -> Int? {
      let changed = uploads.map { $0.name == "a" ? $0.changed { $0.speed = speed } : $0 }
      return Array(driver(changed, 140).row(0)).firstIndex(of: "↑")
    }
    #expect(Set([9.9, 131, 999, 20].map { column($0 * 1_048_576) }).count == 1)
  }

  @Test func `buffers above nine tenths of the budget and a nearly full disk are warnings`() {
    var driver = driver((0..<240).map { .example("\($0)") })
    driver.send(.freeSpace(1 << 29))
    let surface = driver.model.render()
    let warned = surface.row(1).filter { $0.style == surface.theme.warning }.map(\.text).joined()
    #expect(warned == "240 of 256 MiB512.0 MiB free", "\(driver.row(1))")
  }

  @Test func `an idle screen does not change while the memory changes by less than a MiB`() {
    var driver = driver([])
    let before = driver.model.render()
    driver.resident += 200_000
    for _ in 0..<100 { driver.show([]) }
    #expect(driver.model.render() == before)
  }

  @Test func `the header never exceeds the width, and its second row has the link or the URL`() {
    for width in 40...220 {
      let driver = driver(uploads, width)
      #expect(driver.row(0).columns == width && driver.row(0).contains("↓ 2"), "\(width)")
      #expect(driver.row(1).contains("http://192.168.1.7:8080"), "\(width)")
    }
  }
}
