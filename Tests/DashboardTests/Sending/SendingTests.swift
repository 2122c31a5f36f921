import Dashboard
import TerminalUI
import Testing
import UploadCore

/// Sending a file, from the key or the paste to the effect.
@Suite struct SendingTests {
  private let path = "/home/ann/videos/take 9.mov"

  private func checked(_ target: SendDestination = .ownServer) -> DashboardMessage {
    .checked(SendCheck(files: [.init(path: path, size: 713_031_680)], target: target))
  }

  @Test func `the key u opens the picker in the working directory, and the model is idle only after the listing`() {
    var driver = Driver()
    driver.type("u")
    #expect(driver.effects == [.readDirectory("/home/ann/videos")])
    #expect(!driver.model.isIdle)
    driver.send(.directory(.example))
    #expect(driver.model.isIdle)
    #expect(driver.text.contains("take 9.mov") && driver.row(33).contains("Space mark"))
  }

  @Test func `the picker opens in the directory that the settings remember`() {
    var settings = DashboardSettings()
    settings.directory = "/srv"
    var driver = Driver(settings: settings)
    driver.type("u")
    #expect(driver.effects == [.readDirectory("/srv")])
  }

  @Test func `a file is chosen in the picker, checked and sent, and directory and mode are saved`() {
    var driver = Driver()
    driver.type("u")
    driver.send(.directory(.example))
    driver.type("jjjjjj")
    _ = driver.takeEffects()
    driver.press(.enter)
    var settings = DashboardSettings()
    settings.directory = "/home/ann/videos"
    #expect(driver.takeEffects() == [.check(paths: [path], target: .ownServer), .save(settings)])
    driver.send(checked())
    driver.type("m")
    settings.mode = .multipart
    #expect(driver.takeEffects() == [.save(settings)])
    driver.press(.enter)
    #expect(driver.takeEffects() == [.send(paths: [path], target: .ownServer, mode: .multipart)])
    #expect(driver.text.contains("2 Outgoing"))
    #expect(!driver.model.isIdle, "the upload is awaited")
    driver.show([.sending("take 9.mov")])
    driver.show([])
    #expect(driver.selectedRow?.contains("take 9.mov") != false)
  }

  @Test func `a pasted path opens the send dialog, and Enter sends the file once it is checked`() {
    var driver = Driver()
    driver.send(.input(.paste("'\(path)'")))
    #expect(driver.effects == [.check(paths: [path], target: .ownServer)])
    #expect(driver.text.contains("take 9.mov"))
    driver.send(checked())
    driver.press(.enter)
    #expect(driver.effects.last == .send(paths: [path], target: .ownServer, mode: .stream))
  }

  @Test func `a pasted path opens the send dialog even while a filter is typed`() {
    var driver = Driver()
    driver.type("/")
    driver.send(.input(.paste(path)))
    #expect(driver.effects == [.check(paths: [path], target: .ownServer)])
  }

  @Test func `pasted text that is not a path is inserted into the filter being typed, or else reported`() {
    var driver = Driver()
    driver.type("/")
    driver.send(.input(.paste("holiday")))
    #expect(driver.row(33).contains("/holiday"))
    driver.press(.escape)
    driver.send(.input(.paste("holiday")))
    #expect(driver.effects.isEmpty)
    #expect(driver.row(33).contains("not a path"))
  }

  @Test func `in the picker m does not change the mode, and Escape closes the picker`() {
    var driver = Driver()
    driver.type("u")
    driver.send(.directory(.example))
    driver.type("cm")
    driver.press(.escape)
    #expect(driver.text.contains("1 Incoming"))
    #expect(driver.model.settings.mode == .stream)
  }

  @Test func `F1 in the picker opens a help that begins with its keys, and Escape returns to the picker`() {
    var driver = Driver()
    driver.type("u")
    driver.press(.function(1))
    #expect(driver.row(1).contains("File picker"))
    driver.press(.escape)
    #expect(driver.text.contains("Choose files"))
  }

  @Test func `the question mark opens the help unless text is being typed`() {
    var driver = Driver()
    driver.type("u")
    driver.send(.directory(.example))
    #expect(driver.row(33).contains("? help"))
    driver.type("?")
    #expect(driver.row(1).contains("File picker"))
    driver.type("q/?")
    #expect(driver.text.contains("Choose files") && driver.text.contains("0 of 8"), "in a filter it is typed")
    driver.send(.input(.paste("'\(path)' '/b'")))
    #expect(driver.row(33).contains("? help"))
    driver.type("?")
    #expect(driver.text.contains("Send dialog"))
    driver.type("qt?")
    #expect(!driver.text.contains("Send dialog"), "in an address it is typed")
  }

  // MARK: A full queue

  private func sendMany(_ count: Int, limit: Int, waiting: Int = 0) -> Driver {
    var facts = DashboardFacts.example
    facts.queueLimit = limit
    var driver = Driver(facts: facts)
    if waiting > 0 { driver.show((0..<waiting).map { .queued("w-\($0)") }) }
    let paths = (0..<count).map { "/a/f-\($0).bin" }
    driver.send(.input(.paste(paths.joined(separator: " "))))
    driver.send(.checked(SendCheck(files: paths.map { .init(path: $0, size: 1 << 20) }, target: .ownServer)))
    return driver
  }

  @Test func `files that the queue has no room for are reported, remain marked, and can be sent next`() {
    var driver = sendMany(5, limit: 4, waiting: 1)
    #expect(driver.text.contains("Enter sends 3 of 5 files, 3.0 MiB"))
    #expect(driver.text.contains("2 files stay marked: the queue has no room."))
    driver.press(.enter)
    #expect(driver.effects.last == .send(paths: (0..<3).map { "/a/f-\($0).bin" }, target: .ownServer, mode: .stream))
    #expect(driver.row(33).contains("2 files stay marked"))
    driver.show((0..<3).map { .sending("f-\($0).bin") })
    #expect(driver.text.contains("2 marked to send"), "whatever else has happened since")
    driver.type("us")
    #expect(driver.effects.contains(.check(paths: ["/a/f-3.bin", "/a/f-4.bin"], target: .ownServer)))
    driver.send(
      .checked(
        SendCheck(files: [3, 4].map { .init(path: "/a/f-\($0).bin", size: 1 << 20) }, target: .ownServer)
      )
    )
    driver.press(.enter)
    #expect(!driver.text.contains("marked to send"))
  }

  @Test func `Enter sends nothing while the queue is full, and sends when pressed again once there is room`() {
    var driver = sendMany(2, limit: 3, waiting: 3)
    driver.press(.enter)
    #expect(driver.text.contains("The queue is full."))
    #expect(!driver.effects.contains { if case .send = $0 { true } else { false } })
    driver.show([.sending("w-0")])
    driver.press(.enter)
    #expect(driver.effects.contains { if case .send = $0 { true } else { false } }, "once there is room")
  }

  @Test func `active uploads and the first queued one are visible, and the log has only the active ones`() {
    var driver = Driver()
    driver.show(
      (0..<2).map { .sending("active-\($0)") } + (0..<10).map { .queued("queued-\($0)") }
    )
    driver.type("2")
    #expect(driver.text.contains("2 active · 10 queued"))
    #expect(driver.text.contains("active-0") && driver.text.contains("active-1") && driver.text.contains("queued-0"))
    #expect(driver.row(0).contains("↑ 2 ·"))
    driver.type("L")
    #expect(driver.text.contains("started   ↑ active-0") && !driver.text.contains("queued-"))
  }

  @Test func `queued uploads that the snapshot only counts are part of all counts, and make the progress unknown`() {
    var driver = Driver()
    driver.show((0..<3).map { .queued("w-\($0)") }, unlisted: 9_800)
    #expect(driver.text.contains("2 Outgoing · 9803 queued") && driver.text.contains("9800 queued and not listed"))
    #expect(driver.model.progress == .busy)
    driver.type("q")
    #expect(driver.text.contains("9803 uploads are still running"))
  }

  @Test func `a listing and the result of a check are ignored when nothing has requested them`() {
    var driver = Driver()
    driver.send(.directory(.example))
    driver.send(checked())
    #expect(driver.effects.isEmpty && driver.text.contains("1 Incoming"))
  }

  @Test func `after Enter the model is not idle, and an error note makes it idle again`() {
    var driver = Driver()
    driver.send(.input(.paste(path)))
    driver.send(checked())
    driver.press(.enter)
    #expect(!driver.model.isIdle)
    driver.send(.note(.error, "it is gone"))
    #expect(driver.model.isIdle)
  }
}
