import TerminalUI
import Testing

@testable import Dashboard

/// The dialog with the QR code of a link, and its keys.
@Suite struct LinkOverlayTests {
  private static let urls = ["http://192.168.1.7:8080", "http://10.0.0.2:8080", "http://[2001:db8::7]:8080"]
  private static let links = urls.map { "\($0)/#t=K3xvT0kenFORaTest-1234" }

  private func driver(_ size: Size = Size(width: 120, height: 34), links: [String] = links) -> Driver {
    var facts = DashboardFacts.example
    (facts.requiresToken, facts.links) = (true, links)
    var driver = Driver(size, facts: facts)
    driver.show([])
    return driver
  }

  /// Half blocks in a row: the code has them in all rows but those of its quiet zone.
  private func codeRows(_ driver: Driver) -> Int {
    driver.text.split(separator: "\n").count { $0.contains(/[▀▄]/) }
  }

  @Test func `the key Q shows the code of the first link, with the token and the link below it`() {
    var driver = driver()
    #expect(codeRows(driver) == 0 && !driver.text.contains("#t="))
    driver.type("Q")
    #expect(codeRows(driver) == 15, "\(driver.text)")
    #expect(driver.text.contains(" \(Self.links[0]) "))
    #expect(driver.text.contains("address 1 of 3"))
  }

  @Test func `left and right choose the address and wrap around`() {
    var driver = driver()
    driver.type("Q")
    for (key, index) in [(Key.right, 1), (.right, 2), (.right, 0), (.left, 2), (.left, 1)] {
      driver.press(key)
      #expect(driver.text.contains(" \(Self.links[index]) ") && driver.text.contains("address \(index + 1) of 3"))
    }
    driver.type("hl")
    #expect(driver.text.contains("address 2 of 3"))
  }

  @Test(arguments: [KeyEvent(.escape), KeyEvent(.enter), KeyEvent("q"), KeyEvent("Q")])
  func `Escape, Enter, q and Q close the dialog and do nothing else`(key: KeyEvent) {
    var driver = driver()
    let before = driver.text
    driver.type("Q")
    driver.press(key)
    #expect(driver.effects.isEmpty && driver.text == before)
  }

  @Test func `the keys of the dashboard do nothing while the dialog is open`() {
    var driver = driver()
    driver.type("Q")
    let open = driver.text
    driver.type("uL2sxmcrp /")
    #expect(driver.effects.isEmpty && driver.text == open)
  }

  @Test func `y copies the link that is shown`() {
    var driver = driver()
    driver.type("Q")
    driver.press(.right)
    driver.type("y")
    #expect(driver.effects == [.copy(.link(Self.links[1]))])
  }

  @Test func `with one address there is no key for the next one, and its key does nothing`() {
    var driver = driver(links: [Self.links[0]])
    driver.type("Q")
    #expect(!driver.text.contains("address"))
    let before = driver.text
    driver.press(.right)
    #expect(driver.text == before)
  }

  @Test func `a pasted path closes the dialog and opens the send dialog`() {
    var driver = driver()
    driver.type("Q")
    driver.send(.input(.paste("/etc/hosts")))
    #expect(codeRows(driver) == 0 && driver.text.contains("hosts"), "\(driver.text)")
  }

  @Test func `the help opens over the dialog, and closing it shows the code again`() {
    var driver = driver()
    driver.type("Q")
    driver.press(.function(1))
    #expect(driver.text.contains("choose files or directories to send"))
    driver.press(.escape)
    #expect(codeRows(driver) == 15)
  }

  @Test func `Ctrl-C asks over the dialog, and the key n shows the code again`() {
    var driver = driver()
    driver.show([.example()])
    driver.type("Q")
    driver.press(KeyEvent("c", .control))
    #expect(driver.text.contains("1 upload is still running"))
    driver.type("n")
    #expect(codeRows(driver) == 15 && driver.effects.isEmpty)
  }

  @Test func `the code fits into 80 by 24 with its whole quiet zone, and into 37 by 21 with a small one`() {
    var driver = driver(Size(width: 80, height: 24))
    driver.type("Q")
    // 29 modules and four on each side, two in a row; the link; the border.
    #expect(codeRows(driver) == 15 && driver.row(21).contains(Self.links[0]))
    driver = self.driver(Size(width: 37, height: 21))
    driver.type("Q")
    #expect(codeRows(driver) == 15, "\(driver.text)")
  }

  @Test func `a terminal that is too small shows the size that it needs, and the link`() {
    var driver = driver(Size(width: 60, height: 19))
    driver.type("Q")
    #expect(codeRows(driver) == 0)
    #expect(driver.text.contains("The QR code needs a terminal of 37 columns and 20 rows;"), "\(driver.text)")
    #expect(driver.text.contains("60 and 19.") && driver.text.contains(Self.links[0]))
    driver.send(.input(.resize(Size(width: 60, height: 20))))
    #expect(codeRows(driver) == 15, "\(driver.text)")
  }

  @Test func `a link that is too long for a code is shown without one`() {
    var driver = driver(links: ["http://h/#t=" + String(repeating: "x", count: 260)])
    driver.type("Q")
    #expect(driver.text.contains("The link is too long for a QR code.") && driver.text.contains("http://h/#t=xxx"))
  }

  @Test func `in ASCII the needed size is that of two columns for a module`() {
    var facts = DashboardFacts.example
    facts.links = Self.links
    var driver = Driver(Size(width: 80, height: 24), facts: facts, capabilities: .ascii)
    driver.type("Q")
    #expect(driver.text.contains("needs a terminal of 70 columns and 36 rows;"), "\(driver.text)")
    driver.send(.input(.resize(Size(width: 70, height: 36))))
    #expect(driver.text.contains("##############"), "\(driver.text)")
  }
}
