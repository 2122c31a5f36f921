import TerminalUI
import Testing
import UploadCore

@testable import Dashboard

/// The targets that the send dialog offers, and their names.
struct SheetTargetTests {
  private static let targets = SavedTargets([
    SavedTarget(url: "http://192.168.1.9:8080"), SavedTarget(url: "https://files.example/inbox/", name: "office"),
    SavedTarget(url: "http://nas.local:8080", name: "nas"),
  ])

  private func script(_ targets: SavedTargets = Self.targets, address: String = "", width: Int = 80, height: Int = 24)
    -> SheetScript
  {
    SheetScript(["/home/ann/notes.txt"], width: width, height: height, targets: targets, address: address)
  }

  @Test func `the targets are offered below the field while it is typed, and only then`() {
    var script = script()
    #expect(!script.text.contains("office"))
    script.press(KeyEvent("t"))
    let text = script.text
    let rows = text.split(separator: "\n").filter { $0.contains("://") }
    #expect(rows.dropFirst().first?.contains("this server") == true, "\(text)")
    #expect(rows.contains { $0.contains("office") && $0.contains("https://files.example/inbox/") }, "\(text)")
    #expect(text.contains("http://192.168.1.9:8080") && text.contains("Enter sends 1 file"), "\(text)")
    script.press(KeyEvent(.enter))
    #expect(!script.text.contains("office"))
  }

  @Test func `Down and Up step through the offers, and Up from the first brings back what was typed`() {
    var script = script()
    script.press(KeyEvent("t"), KeyEvent(.down))
    #expect(script.sheet.target == .ownServer)
    script.press(KeyEvent(.down))
    #expect(script.sheet.target == .url("http://192.168.1.9:8080"))
    script.press(KeyEvent(.down))
    #expect(script.sheet.address.text == "office")
    #expect(script.sheet.target == .url("https://files.example/inbox/"))
    script.press(KeyEvent(.down), KeyEvent(.down), KeyEvent(.down))
    #expect(script.sheet.address.text == "nas", "the last one stays")
    script.press(KeyEvent(.up), KeyEvent(.up), KeyEvent(.up), KeyEvent(.up))
    #expect(script.sheet.address.choice == nil && script.sheet.field == .target)
    script.press(KeyEvent(.up))
    #expect(script.sheet.field == .mode)
  }

  @Test func `what is typed filters the offers, by name and by URL`() {
    var script = script()
    script.press(KeyEvent("t"))
    script.type("LOCAL")
    #expect(script.sheet.shownOffers.map(\.text) == ["nas"])
    script.press(KeyEvent(.down), KeyEvent(.enter))
    #expect(script.requested.last == .check(paths: script.sheet.paths, target: .url("http://nas.local:8080")))
    #expect(script.text.contains("as a stream to nas (http://nas.local:8080)"), "\(script.text)")
  }

  @Test func `a name is typed in place of a URL, and Tab completes it`() {
    var script = script()
    script.press(KeyEvent("t"))
    script.type("of")
    script.press(KeyEvent(.tab))
    #expect(script.sheet.address.text == "office" && script.sheet.field == .target)
    script.press(KeyEvent(.tab))
    #expect(script.sheet.field == .files && script.sheet.target == .url("https://files.example/inbox/"))
    script.press(KeyEvent(.enter))
    let target = SendDestination.url("https://files.example/inbox/")
    #expect(script.outcome == .send(.send(paths: ["/home/ann/notes.txt"], target: target, mode: .stream), left: []))
  }

  @Test func `an address that has not been changed is not completed`() {
    var script = script(address: "http://nas")
    script.press(KeyEvent("t"), KeyEvent(.tab))
    #expect(script.sheet.address.text == "http://nas" && script.sheet.field == .files)
  }

  @Test func `the dialog begins with the address it is given, and an empty field is this server`() {
    var script = script(address: "http://nas.local:8080")
    #expect(script.requested == [.check(paths: script.sheet.paths, target: .url("http://nas.local:8080"))])
    #expect(script.text.contains("To     nas (http://nas.local:8080)"), "\(script.text)")
    script.press(KeyEvent("t"), KeyEvent("u", .control), KeyEvent(.enter))
    #expect(script.sheet.target == .ownServer)
  }

  @Test func `typed text replaces an address that was not edited, and other keys edit it`() {
    var script = script(address: "http://a:1")
    script.press(KeyEvent("t"))
    script.type("http://b:2")
    #expect(script.sheet.address.text == "http://b:2")
    script.press(KeyEvent(.enter), KeyEvent("t"), KeyEvent(.end))
    script.type("/x")
    #expect(script.sheet.address.text == "http://b:2/x")
    script.press(KeyEvent(.enter), KeyEvent("t"), KeyEvent(.backspace))
    script.type("y")
    #expect(script.sheet.address.text == "http://b:2/y")
    script.press(KeyEvent(.enter), KeyEvent("t"))
    script.send(.paste("http://c:3"))
    #expect(script.sheet.address.text == "http://c:3")
  }

  @Test func `Ctrl-S on an address that cannot be used says why it has no effect`() {
    var script = script(SavedTargets())
    script.targetProblems["http://a:1x"] = "Not a port: 1x."
    script.press(KeyEvent("t"))
    script.type("http://a:1x")
    script.press(KeyEvent("s", .control))
    #expect(script.sheet.naming == nil)
    #expect(script.text.contains("Not a port: 1x.") && script.text.contains("can have a name"), "\(script.text)")
    script.press(KeyEvent(.enter), KeyEvent("s", .control))
    #expect(script.sheet.naming == nil && script.text.contains("can have a name"), "\(script.text)")
  }

  @Test func `a click on an offer chooses it`() throws {
    var script = script()
    script.press(KeyEvent("t"))
    let rows = script.text.split(separator: "\n").map(String.init)
    let y = try #require(rows.firstIndex { $0.contains("nas.local") })
    script.send(.mouse(MouseEvent(.press, at: Point(x: 12, y: y))))
    #expect(script.sheet.target == .url("http://nas.local:8080") && script.sheet.field == .files)
  }

  @Test func `at 44 by 10 cells the offers take the place of the mode, as recorded`() {
    var script = script(width: 44, height: 10)
    script.press(KeyEvent("t"), KeyEvent(.down), KeyEvent(.down), KeyEvent(.down))
    let expected = """
      ╭─ Send ─────────────────── 1 file, 512 B ─╮
      │ notes.txt                          512 B │
      │▌To     office                            │
      │        this server  http://127.0.0.1:80… │
      │                     http://192.168.1.9:… │
      │▌       office       https://files.examp… │
      │        nas          http://nas.local:80… │
      │ Press Enter to accept the address.       │
      │                                          │
      ╰──────────────────────────────────────────╯

      """
    #expect(script.text == expected)
  }

  // MARK: Names

  @Test func `Ctrl-S names the target that is typed`() {
    var script = script(SavedTargets())
    script.press(KeyEvent("t"))
    script.type("box:9000")
    script.press(KeyEvent("s", .control))
    #expect(script.text.contains("Name") && script.text.contains("for http://box:9000"), "\(script.text)")
    script.type("Büro")
    script.press(KeyEvent(.enter))
    #expect(script.requested.contains(.saveTarget(.named("http://box:9000", "Büro"))))
    #expect(script.text.contains("http://box:9000 is now named Büro."))
    #expect(script.sheet.address.text == "Büro" && script.sheet.target == .url("http://box:9000"))
    #expect(script.sheet.naming == nil && !script.sheet.isChecking)
  }

  @Test func `a name moves to another target, and the message says from which`() {
    var script = script(address: "http://192.168.1.9:8080")
    script.press(KeyEvent("s", .control))
    script.type("NAS")
    script.press(KeyEvent(.enter))
    #expect(script.text.contains("http://192.168.1.9:8080 is now named NAS. Before, that was"), "\(script.text)")
    #expect(script.sheet.address.targets[name: "nas"]?.url == "http://192.168.1.9:8080")
  }

  @Test func `an empty name removes it, and Escape changes nothing`() {
    var script = script(address: "nas")
    script.press(KeyEvent("s", .control), KeyEvent(.escape))
    #expect(script.sheet.address.targets == Self.targets && script.sheet.naming == nil)
    script.press(KeyEvent("s", .control), KeyEvent("u", .control), KeyEvent(.enter))
    #expect(script.requested.contains(.saveTarget(.named("http://nas.local:8080", nil))))
    #expect(script.sheet.address.targets[name: "nas"] == nil)
    // The text was the name, which would be a host now.
    #expect(script.sheet.target == .url("http://nas.local:8080"))
  }

  @Test(
    arguments: [
      ("", "This server needs no name"), ("http://h/?token=secret", "Only an address without ? and #"),
      ("http://h/#t=secret", "Only an address without ? and #"), ("http://u:p@h/", "This address cannot have a name"),
    ]
  )
  func `a target that may contain a token, or is none, gets no name`(address: String, message: String) {
    var script = script(SavedTargets(), address: address)
    script.press(KeyEvent("t"), KeyEvent("s", .control))
    #expect(script.sheet.naming == nil)
    #expect(script.text.contains(message), "\(script.text)")
  }

  @Test func `a name that is not valid, and one for an address that is not, is not kept`() {
    var script = script(SavedTargets(), address: "http://h")
    script.press(KeyEvent("s", .control))
    script.type("a/b")
    script.press(KeyEvent(.enter))
    #expect(script.sheet.naming != nil && script.text.contains("A name has none of /"), "\(script.text)")
    script.press(KeyEvent(.escape))
    script.targetProblems["http://h:x"] = "That is not a port."
    script.press(KeyEvent("t"), KeyEvent(.end))
    script.type(":x")
    script.press(KeyEvent("s", .control))
    #expect(script.sheet.naming == nil && script.text.contains("That is not a port."), "\(script.text)")
    #expect(!script.requested.contains { if case .saveTarget = $0 { true } else { false } })
  }

  // MARK: In the dashboard

  @Test func `the next dialog begins with the target that was used last, and offers it first`() {
    var driver = Driver()
    let url = "http://other.test:9000/?token=secret"
    driver.sendFile(to: url)
    #expect(driver.effects.contains(.saveTarget(.used("http://other.test:9000"))))
    #expect(!"\(driver.effects.filter { if case .saveTarget = $0 { true } else { false } })".contains("secret"))
    driver.send(.input(.paste("/home/ann/b.txt")))
    // In this run with its token.
    #expect(driver.model.sheet?.target == .url(url))
    #expect(driver.model.sheet?.address.targets.entries.first?.url == "http://other.test:9000")
    driver.send(.input(.key(KeyEvent(.escape))))
    driver.sendFile(to: "")
    driver.send(.input(.paste("/home/ann/c.txt")))
    #expect(driver.model.sheet?.target == .ownServer)
  }

  @Test func `the target of the command line is that of its files and of the first dialog`() {
    var facts = DashboardFacts.example
    facts.target = "http://other.test:9000"
    var driver = Driver(facts: facts)
    driver.send(.given(["/home/ann/a.txt"]))
    let target = SendDestination.url("http://other.test:9000")
    #expect(
      driver.effects == [
        .saveTarget(.used("http://other.test:9000")), .send(paths: ["/home/ann/a.txt"], target: target, mode: .stream),
      ]
    )
    driver.send(.input(.paste("/home/ann/b.txt")))
    #expect(driver.model.sheet?.target == target)
  }

  @Test func `without a target of the command line its files go to this server`() {
    var driver = Driver()
    driver.send(.given(["/home/ann/a.txt"]))
    #expect(driver.effects == [.send(paths: ["/home/ann/a.txt"], target: .ownServer, mode: .stream)])
  }

  @Test func `a name that is given in a dialog is known to the next one`() {
    var driver = Driver()
    driver.sendFile(to: "http://box:9000", naming: "box")
    driver.send(.input(.paste("/home/ann/b.txt")))
    #expect(driver.model.sheet?.address.targets[name: "box"]?.url == "http://box:9000")
  }
}

extension Driver {
  /// Opens the send dialog for a file, types a target, perhaps names it, and sends.
  fileprivate mutating func sendFile(to url: String, naming name: String? = nil) {
    func keys(_ text: String) -> [KeyEvent] { text.map { KeyEvent($0) } }
    send(.input(.paste("/home/ann/a.txt")))
    var events = [KeyEvent("t"), KeyEvent("u", .control)] + keys(url)
    if let name { events += [KeyEvent("s", .control)] + keys(name) }
    events.append(KeyEvent(.enter))
    for event in events {
      send(.input(.key(event)))
      respond()
    }
    if model.sheet?.field == .target { send(.input(.key(KeyEvent(.enter)))) }
    respond()
    send(.input(.key(KeyEvent(.enter))))
  }

  /// Responds to the check that the dialog has requested last.
  private mutating func respond() {
    guard case .check(let paths, let target)? = model.sheet?.pendingCheck else { return }
    send(.checked(SendCheck(files: paths.map { .init(path: $0, size: 1) }, target: target)))
  }
}
