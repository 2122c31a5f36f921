import Dashboard
import TerminalUI
import Testing
import UploadCore

/// What others need to upload here, where the server asks for more than its address.
@Suite struct AccessTests {
  private static let fingerprint = "AB:CD:EF"

  private func facts(asks: Bool = true, made token: String? = nil, fingerprint: String? = nil) -> DashboardFacts {
    var facts = DashboardFacts.example
    facts.asksForToken = asks
    facts.madeToken = token
    facts.fingerprint = fingerprint
    return facts
  }

  @Test func aMadeTokenIsShownAndPartOfTheCommand() {
    var driver = Driver(facts: facts(made: "s3cret"))
    driver.show([])
    #expect(driver.row(1).contains("token s3cret"))
    #expect(driver.text.contains("curl -u :s3cret -T FILE http://192.168.1.7:8080/"))
    driver.press(KeyEvent("y"))
    #expect(driver.takeEffects() == [.copy("http://192.168.1.7:8080/?token=s3cret")])
  }

  @Test func aTokenOfTheUsersOwnIsNot() {
    var driver = Driver(facts: facts())
    driver.show([])
    #expect(driver.text.contains("curl -u :TOKEN -T FILE http://192.168.1.7:8080/"))
    driver.press(KeyEvent("y"))
    #expect(driver.takeEffects() == [.copy("http://192.168.1.7:8080")])
  }

  @Test func theCertificateIsInTheLogWhole() {
    var driver = Driver(facts: facts(asks: false, fingerprint: Self.fingerprint))
    driver.show([])
    #expect(driver.text.contains("curl -k -T FILE"))
    driver.press(KeyEvent("L"))
    #expect(driver.text.contains("--fingerprint: \(Self.fingerprint)"))
  }
}
