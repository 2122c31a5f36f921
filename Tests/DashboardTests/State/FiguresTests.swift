import Testing

@testable import Dashboard

@Suite struct FiguresTests {
  @Test func `fields have their width and are never truncated`() {
    #expect(Figures.padded("7 B", 5) == "  7 B")
    #expect(Figures.filled("7 B", 5) == "7 B  ")
    #expect(Figures.padded("1023.9 MiB", 3) == "1023.9 MiB" && Figures.filled("1023.9 MiB", 3) == "1023.9 MiB")
  }
}

struct SettingsTests {
  @Test func `the default refresh rate is one of the selectable rates`() {
    #expect(DashboardSettings.refreshRates.contains(DashboardSettings().refreshRate))
    #expect(DashboardSettings.refreshRates == DashboardSettings.refreshRates.sorted())
  }
}
