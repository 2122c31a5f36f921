import Testing

@testable import Dashboard

@Suite struct FiguresTests {
  @Test func `padded and filled texts have the width of their field, and wider ones are unchanged`() {
    #expect(Figures.padded("7 B", 5) == "  7 B")
    #expect(Figures.filled("7 B", 5) == "7 B  ")
    #expect(Figures.padded("1023.9 MiB", 3) == "1023.9 MiB" && Figures.filled("1023.9 MiB", 3) == "1023.9 MiB")
  }

  @Test func `a short size has at most five columns, at any size`() {
    #expect(Figures.short(0) == "0 B" && Figures.short(999) == "999 B")
    #expect(Figures.short(1_258_291) == "1.2 M" && Figures.short(49_500_000) == "47 M")
    #expect(Figures.short(160_432_128) == "153 M")
    var bytes: UInt64 = 1
    while bytes < 1 << 62 {
      #expect(Figures.short(bytes).count <= 5, "\(Figures.short(bytes))")
      bytes += bytes / 7 + 1
    }
  }
}

struct SettingsTests {
  @Test func `the default refresh rate is one of the selectable rates, which are in ascending order`() {
    #expect(DashboardSettings.refreshRates.contains(DashboardSettings().refreshRate))
    #expect(DashboardSettings.refreshRates == DashboardSettings.refreshRates.sorted())
  }
}
