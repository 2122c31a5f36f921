import Testing

@testable import DashboardApp

@Suite struct UserPlacesTests {
  @Test func `Home and here are absolute`() {
    #expect(UserPlaces.home.hasPrefix("/"))
    #expect(UserPlaces.workingDirectory.hasPrefix("/"))
  }
}
