import TerminalUI
import Testing
import UploadCore

@testable import UploadTrials

@Suite struct CompareScreenTests {
  private func comparison() -> Comparison {
    var comparison = Comparison(name: "big.bin", size: 1 << 30, runs: 1, maxMemory: SizeSetting(1 << 30))
    var memory = MemorySeries()
    for step in 0...10 { memory.add(20 << 20, at: Double(step) / 10) }
    comparison.end(0, TrialResult(status: .intact, seconds: 1, bytes: 1 << 30, clientPeak: 20 << 20, memory: memory))
    comparison.running = Comparison.Running(index: 1, bytes: 1 << 29, rate: 1_073_741_824, memory: memory)
    return comparison
  }

  private func text(_ size: Size, _ glyphs: GlyphSet = .ascii) -> String {
    CompareScreen(comparison: comparison()).surface(size, theme: Theme(.dark, tier: .mono), glyphs: glyphs).text
  }

  @Test func `the screen shows every client, with its result, its rate or that it waits`() {
    let text = text(Size(width: 100, height: 40))
    for client in CompareClient.all { #expect(text.contains(client.name)) }
    #expect(text.contains("20.0 MiB intact") && text.contains("1.0 GiB/s") && text.contains("waiting"))
    #expect(text.contains("full height 20.0 MiB") && text.contains("ended beyond 1 GiB"))
    #expect(text.contains("^^^^^^^^"))
  }

  @Test(arguments: [
    Size(width: 0, height: 0), Size(width: 1, height: 1), Size(width: 20, height: 8), Size(width: 43, height: 3),
    Size(width: 80, height: 23), Size(width: 300, height: 100),
  ])
  func `the screen fits into any size`(size: Size) {
    for glyphs in [GlyphSet.ascii, .unicode] {
      let theme = Theme(.dark, tier: .colors256)
      let surface = CompareScreen(comparison: comparison()).surface(size, theme: theme, glyphs: glyphs)
      #expect(surface.size.width == size.width && surface.size.height <= size.height)
    }
  }

  @Test func `the full height is 16.0 EiB for the largest memory, also with an infinite rate`() {
    var comparison = comparison()
    var memory = MemorySeries()
    memory.add(.max, at: 1)
    comparison.running = Comparison.Running(index: 1, bytes: .max, rate: .infinity, memory: memory)
    let theme = Theme(.dark, tier: .mono)
    let size = Size(width: 100, height: 40)
    let text = CompareScreen(comparison: comparison).surface(size, theme: theme, glyphs: .ascii).text
    #expect(text.contains("full height 16.0 EiB"))
  }

  @Test func `79 columns and 23 rows show two rows for each of the eight clients`() {
    let lines = text(Size(width: 79, height: 23), .unicode).split(separator: "\n")
    #expect(lines.count == 17)
    #expect(lines[1].hasPrefix("sluice stream") && lines[2].contains("1.0 GiB/s") && lines[2].contains("1.00 s"))
    #expect(lines[4].contains("1.0 GiB/s") && lines[5].hasPrefix("sluice, interrupted twice"))
  }
}
