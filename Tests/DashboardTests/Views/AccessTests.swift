import Dashboard
import TerminalUI
import Testing
import UploadCore

/// What clients need when the server requires a token or has a certificate of its own.
@Suite struct AccessTests {
  private static let fingerprint = String(repeating: "abcd", count: 16)

  private func facts(asks: Bool = true, made token: String? = nil, fingerprint: String? = nil) -> DashboardFacts {
    var facts = DashboardFacts.example
    facts.requiresToken = asks
    facts.generatedToken = token
    if asks { facts.links = ["http://192.168.1.7:8080/#t=\(token ?? "chosen")"] }
    facts.fingerprint = fingerprint
    return facts
  }

  @Test func `a generated token is in the header, the curl command and the copied link`() {
    var driver = Driver(facts: facts(made: "s3cret"))
    driver.show([])
    #expect(driver.row(1).contains(" http://192.168.1.7:8080/#t=s3cret "))
    #expect(driver.text.contains("curl -u :s3cret -T FILE http://192.168.1.7:8080/"))
    driver = Driver(Size(width: 60, height: 34), facts: facts(made: String(repeating: "x", count: 30)))
    driver.show([])
    #expect(driver.text.contains("curl -u :\(String(repeating: "x", count: 30)) \\ "))
    #expect(driver.text.contains(" -T FILE http://192.168.1.7:8080/ "))
    driver = Driver(facts: facts(made: "s3cret"))
    driver.press(KeyEvent("y"))
    #expect(driver.takeEffects() == [.copy(.link("http://192.168.1.7:8080/#t=s3cret"))])
  }

  @Test func `a link with a long token is truncated where the hint about its keys fits only then`() {
    var driver = Driver(facts: facts(made: String(repeating: "x", count: 22)))
    driver.send(.freeSpace(44_300_000_000))
    driver.show([])
    let row = driver.row(1)
    #expect(row.contains(" http://192.168.1.7:8080/#t=xxxx…  (y copies, Q shows a QR code) "), "\(row)")
    #expect(row.contains("buffers 0 of 256 MiB · disk 41.3 GiB free"), "\(row)")
    driver = Driver(Size(width: 180, height: 50), facts: facts(made: String(repeating: "x", count: 22)))
    driver.show([])
    #expect(driver.row(1).contains("#t=\(String(repeating: "x", count: 22))  (y copies"), "\(driver.row(1))")
    driver = Driver(Size(width: 80, height: 24), facts: facts(made: String(repeating: "x", count: 22)))
    driver.show([])
    #expect(driver.row(1).contains("#t=\(String(repeating: "x", count: 22))  "), "\(driver.row(1))")
  }

  @Test func `a link that is wider than the screen is the URL alone in the header`() {
    var driver = Driver(Size(width: 60, height: 24), facts: facts(made: "s3cret"))
    driver.show([])
    #expect(driver.row(1).contains(" http://192.168.1.7:8080/#t=s3cret "), "\(driver.row(1))")
    driver = Driver(Size(width: 60, height: 24), facts: facts(made: String(repeating: "x", count: 40)))
    driver.show([])
    #expect(driver.row(1).contains(" http://192.168.1.7:8080 ") && !driver.row(1).contains("#t="), "\(driver.row(1))")
  }

  @Test func `for a token that the user chose the curl command has TOKEN, and header and copied link have no token`() {
    var driver = Driver(facts: facts())
    driver.show([])
    #expect(driver.row(1).contains(" http://192.168.1.7:8080/ ") && !driver.text.contains("chosen"))
    #expect(driver.text.contains("curl -u :TOKEN -T FILE http://192.168.1.7:8080/"))
    driver.press(KeyEvent("y"))
    #expect(driver.takeEffects() == [.copy(.link("http://192.168.1.7:8080/"))])
  }

  @Test func `the generated token of a drop box's owner is in the header and the log, and not in the URL for others`() {
    var facts = facts(made: "s3cret")
    facts.generatedOwnerToken = "0wner"
    var driver = Driver(facts: facts)
    driver.show([])
    #expect(driver.row(1).contains("owner's token 0wner"))
    driver.press(KeyEvent("L"))
    #expect(driver.text.contains("owner's token: 0wner"))
    driver.press(KeyEvent("y"))
    #expect(driver.takeEffects() == [.copy(.link("http://192.168.1.7:8080/#t=s3cret"))])
  }

  @Test func `the complete fingerprint is in the log, and in the detail while no upload is selected`() {
    var driver = Driver(facts: facts(asks: false, fingerprint: Self.fingerprint))
    driver.show([])
    #expect(driver.text.contains("curl -k -T FILE"))
    driver.press(KeyEvent("L"))
    #expect(driver.text.contains("certificate SHA-256 \(Self.fingerprint) "))
    // In the detail while nothing is selected, where there is less room.
    driver = Driver(Size(width: 80, height: 24), facts: facts(asks: false, fingerprint: Self.fingerprint))
    driver.press(KeyEvent("3"))
    #expect(driver.text.contains(Self.fingerprint))
  }
}
