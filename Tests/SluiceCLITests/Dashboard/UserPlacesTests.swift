import Testing

@testable import SluiceCLI

@Suite struct UserPlacesTests {
  @Test func `Home and here are absolute`() {
    #expect(UserPlaces.home.hasPrefix("/"))
    #expect(UserPlaces.workingDirectory.hasPrefix("/"))
  }
}
