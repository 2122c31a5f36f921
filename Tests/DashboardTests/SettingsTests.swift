import Dashboard
import Testing

struct SettingsTests {
  @Test func theRefreshRateIsOneThatCanBeSteppedThrough() {
    #expect(DashboardSettings.refreshRates.contains(DashboardSettings().refreshRate))
    #expect(DashboardSettings.refreshRates == DashboardSettings.refreshRates.sorted())
  }
}
