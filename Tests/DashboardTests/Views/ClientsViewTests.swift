import TerminalUI
import Testing

@testable import Dashboard
@testable import UploadCore

/// The view of the uploads grouped by client.
@Suite struct ClientsViewTests {
  private let uploads: [UploadSnapshot] = [
    .example("one.bin") { $0.remote = "192.0.2.7:1" },
    .example("two.bin") { ($0.remote, $0.sender) = ("192.0.2.8:1", "Anna") },
    UploadSnapshot.example("three.bin") { ($0.remote, $0.sender) = ("192.0.2.8:2", "Anna") }.stalled(.client, 9),
    .sending("out.bin") { $0.remote = "10.0.0.9:8080" },
  ]

  private func driver(_ size: Size = Size(width: 120, height: 34)) -> Driver {
    var driver = Driver(size)
    driver.show(uploads)
    return driver
  }

  @Test func `the key G shows a row for each client with its totals, and G and Escape return to the panes`() {
    var driver = driver()
    let before = driver.text
    driver.type("G")
    #expect(driver.text.contains("Clients: 2"))
    #expect(driver.selectedRow?.contains(/\+ Anna +192.0.2.8 +2 +1 +96.2 MiB\/s +2.0G/) == true, "\(driver.text)")
    #expect(driver.text.contains(/\+ 192.0.2.7 +1 +96.2 MiB\/s/))
    driver.type("G")
    #expect(driver.text == before)
    driver.type("G")
    driver.press(.escape)
    #expect(driver.text == before)
  }

  @Test func `Enter opens a client, its uploads are beneath it, and keys apply to the selected one`() {
    var driver = driver()
    driver.type("G")
    #expect(driver.row(33).contains("Enter open") && !driver.row(33).contains("cancel"))
    driver.press(.enter)
    #expect(driver.row(33).contains("Enter close"))
    #expect(driver.text.contains(/three.bin +stalled: client 9 s/) && driver.text.contains(/two.bin +receiving +50 %/))
    driver.type("jjx")
    #expect(driver.text.contains("Cancel this upload?"))
    driver.type("y")
    #expect(driver.effects == [.cancel(uploads[1].id)])
    driver.press(.enter)
    #expect(driver.text.contains("Detail: two.bin"))
    driver.press(.escape)
    #expect(driver.text.contains("Incoming") && driver.selectedRow?.contains("two.bin") == true)
  }

  @Test func `keys for uploads say that a client is selected`() {
    var driver = driver()
    driver.type("Gx")
    #expect(driver.text.contains("this row is not an upload: Enter shows its uploads"), "\(driver.text)")
    driver.press(.enter)
    driver.type("x")
    #expect(driver.text.contains("this row is not an upload: select one beneath it"), "\(driver.text)")
    #expect(driver.effects.isEmpty)
  }

  @Test func `a client that is closed again has no rows beneath it, and stays selected`() {
    var driver = driver()
    driver.type("Gj")
    driver.press(.enter)
    #expect(driver.text.contains("one.bin") && driver.selectedRow?.contains("- 192.0.2.7") == true)
    driver.press(.enter)
    #expect(!driver.text.contains("one.bin") && driver.selectedRow?.contains("+ 192.0.2.7") == true)
  }

  @Test func `a marked upload has a sign beneath its client`() {
    var driver = driver()
    driver.type("G")
    driver.press(.enter)
    driver.type("j ")
    #expect(driver.text.contains("✓ three.bin"), "\(driver.text)")
  }

  @Test func `Tab and the keys 1 and 2 change between clients and servers`() {
    var driver = driver()
    driver.type("2G")
    #expect(driver.text.contains("Servers: 1") && driver.selectedRow?.contains("+ 10.0.0.9:8080") == true)
    driver.press(.tab)
    #expect(driver.text.contains("Clients: 2"))
    driver.type("2")
    #expect(driver.text.contains("Servers: 1"))
    driver.type("G")
    #expect(driver.selectedRow?.contains("out.bin") == true)
  }

  @Test func `an ended upload counts as complete or failed, and the key c removes clients without others`() {
    var driver = driver()
    driver.show([uploads[0].finished(), uploads[1], uploads[2].failed(), uploads[3]])
    driver.type("G")
    #expect(driver.text.contains(/Anna .* 1$/) || driver.text.contains(/Anna +192.0.2.8 .* 1 *│/), "\(driver.text)")
    #expect(driver.text.contains("192.0.2.7"))
    driver.type("c")
    #expect(!driver.text.contains("192.0.2.7") && driver.text.contains("Clients: 1"))
  }

  @Test func `the filter and the order apply to the clients`() {
    var driver = driver()
    driver.type("G/from:anna")
    driver.press(.enter)
    #expect(driver.text.contains("Clients: 1 of 2") && driver.text.contains("filter: from:anna"))
    driver.type("sssss")
    #expect(driver.text.contains("by size"))
  }

  @Test func `without uploads the view says so`() {
    var driver = Driver()
    driver.show([])
    driver.type("G")
    #expect(driver.text.contains("No client has sent anything yet."))
  }

  @Test func `a frozen screen shows the clients of its time`() {
    var driver = driver()
    driver.type("G")
    _ = driver.model.perform(.freeze)
    driver.show(uploads + [.example("new") { $0.remote = "192.0.2.99:1" }])
    #expect(!driver.text.contains("192.0.2.99"))
    _ = driver.model.perform(.freeze)
    #expect(driver.text.contains("192.0.2.99"))
  }

  @Test(arguments: [(40, 8), (60, 16), (80, 24), (120, 34), (200, 50), (500, 200), (1, 1), (39, 7)])
  func `the view draws at any size, also with hostile names`(width: Int, height: Int) {
    var driver = driver(Size(width: width, height: height))
    let evil = "\u{1B}]0;x\u{7}\u{202E}漢字" + String(repeating: "\u{336}", count: 40)
    driver.show(uploads + [.example(evil) { ($0.sender, $0.remote) = (evil, evil) }])
    driver.type("G")
    driver.press(.enter)
    #expect(driver.model.render().flaw == nil)
    if width >= 40 { #expect(driver.selectedRow?.contains(/MiB\/s/) == true, "\(driver.text)") }
  }
}
