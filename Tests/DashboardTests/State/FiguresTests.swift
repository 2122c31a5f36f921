import Testing

@testable import Dashboard

@Suite struct FiguresTests {
  @Test func `padded and filled texts have the width of their field, and wider ones are unchanged`() {
    #expect(Figures.padded("7 B", 5) == "  7 B")
    #expect(Figures.filled("7 B", 5) == "7 B  ")
    #expect(Figures.padded("1023.9 MiB", 3) == "1023.9 MiB" && Figures.filled("1023.9 MiB", 3) == "1023.9 MiB")
  }
}

struct SettingsTests {
  @Test func `the default refresh rate is one of the selectable rates, which are in ascending order`() {
    #expect(DashboardSettings.refreshRates.contains(DashboardSettings().refreshRate))
    #expect(DashboardSettings.refreshRates == DashboardSettings.refreshRates.sorted())
  }
}
