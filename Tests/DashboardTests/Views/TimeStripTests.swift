import TerminalUI
import Testing
import UploadCore

@testable import Dashboard

@Suite struct TimeStripTests {
  private let time = TimeShares([.client: 29.52, .disk: 3.69, .limit: 7.79])

  private func drawn(_ time: TimeShares, width: Int, tier: ColorTier = .colors256) -> Surface {
    let strip = TimeStrip(time: time)
    let size = Size(width: width, height: max(1, strip.height(width: width)))
    var surface = Surface(size: size, theme: Theme(.dark, tier: tier), glyphs: .unicode)
    strip.draw(on: &surface)
    return surface
  }

  private func rows(_ surface: Surface) -> [String] { surface.text.split(separator: "\n").map(String.init) }

  @Test func `each cause has columns by its share, and is named beside them`() {
    let row = rows(drawn(time, width: 56))[0]
    #expect(row == "CCCCCCCCCCCCCCCDDLLLL  client 72 %, disk 9 %, limit 19 %")
  }

  @Test func `where the words do not fit beside the strip they are below it`() {
    let surface = drawn(time, width: 36)
    #expect(rows(surface).count == 2)
    #expect(rows(surface)[0].hasPrefix("CCCC"))
    #expect(rows(surface)[1].hasPrefix("client 72 %, disk 9 %, limit 19 %"))
  }

  @Test func `without colours the letters distinguish the causes`() {
    let surface = drawn(time, width: 56, tier: .mono)
    #expect(rows(surface)[0].hasPrefix("CCCCCCCCCCCCCCCDDLLLL  client"))
    #expect(surface.row(0).first?.style.attributes.contains(.reverse) == true)
  }

  @Test func `causes have different letters`() {
    #expect(Set(TimeCause.allCases.map(\.letter)).count == TimeCause.allCases.count)
  }

  @Test func `any width and any time can be drawn`() {
    for width in 1...120 {
      for time in [time, TimeShares(), TimeShares([.network: .infinity]), TimeShares([.server: 1e-9])] {
        _ = drawn(time, width: width)
      }
    }
    #expect(TimeStrip(time: TimeShares()).height(width: 50) == 0)
    #expect(TimeStrip(time: time).height(width: 0) == 0)
  }

  @Test func `the detail has the strip below the time, and the bottleneck as a fact`() throws {
    let upload = UploadSnapshot.example("a.bin") {
      ($0.time, $0.seconds) = (time, 41)
    }
    let list = UploadFacts(upload: upload, peakRate: 1).list
    let size = Size(width: 70, height: list.height(width: 70))
    var surface = Surface(size: size, theme: Theme(.dark, tier: .mono), glyphs: .ascii)
    list.draw(on: &surface)
    let rows = rows(surface)
    let index = try #require(rows.firstIndex { $0.hasPrefix("time ") })
    #expect(rows[index + 1].hasPrefix("spent    CCC"))
    #expect(surface.text.contains("cause    slowed by the client: its bytes were awaited 72 % of the"))
  }
}
