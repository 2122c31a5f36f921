import Dashboard
import TerminalUI
import Testing
import UploadCore

/// From the key, or the paste, to the file that is sent.
@Suite struct SendingTests {
  private let path = "/home/ann/videos/take 9.mov"

  private func checked(_ target: SendDestination = .ownServer) -> DashboardMessage {
    .checked(SendCheck(files: [.init(path: path, size: 713_031_680)], target: target))
  }

  @Test func theKeyOpensThePickerWhereTheProgramWasStarted() {
    var driver = Driver()
    driver.type("u")
    #expect(driver.effects == [.readDirectory("/home/ann/videos")])
    #expect(!driver.model.isIdle)
    driver.send(.directory(.example))
    #expect(driver.model.isIdle)
    #expect(driver.text.contains("take 9.mov") && driver.row(33).contains("Space mark"))
  }

  @Test func thePickerOpensInTheRememberedDirectory() {
    var settings = DashboardSettings()
    settings.directory = "/srv"
    var driver = Driver(settings: settings)
    driver.type("u")
    #expect(driver.effects == [.readDirectory("/srv")])
  }

  @Test func aFileIsChosenCheckedAndSent() {
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
    #expect(driver.text.contains("Outgoing (client)"))
    #expect(!driver.model.isIdle, "the upload is awaited")
    driver.show([.sending("take 9.mov")])
    driver.show([])
    #expect(driver.selectedRow?.contains("take 9.mov") != false)
  }

  @Test func aPastedPathOpensTheSheet() {
    var driver = Driver()
    driver.send(.input(.paste("'\(path)'")))
    #expect(driver.effects == [.check(paths: [path], target: .ownServer)])
    #expect(driver.text.contains("take 9.mov"))
    driver.send(checked())
    driver.press(.enter)
    #expect(driver.effects.last == .send(paths: [path], target: .ownServer, mode: .stream))
  }

  @Test func aPastedPathOpensTheSheetEvenWhileAFilterIsTyped() {
    var driver = Driver()
    driver.type("/")
    driver.send(.input(.paste(path)))
    #expect(driver.effects == [.check(paths: [path], target: .ownServer)])
  }

  @Test func pastedTextThatIsNoPathGoesIntoTheFilterOrIsSaidToBeNone() {
    var driver = Driver()
    driver.type("/")
    driver.send(.input(.paste("holiday")))
    #expect(driver.row(33).contains("/holiday"))
    driver.press(.escape)
    driver.send(.input(.paste("holiday")))
    #expect(driver.effects.isEmpty)
    #expect(driver.row(33).contains("no path"))
  }

  @Test func thePickerIsLeftByEscapeAndItsKeysAreItsOwn() {
    var driver = Driver()
    driver.type("u")
    driver.send(.directory(.example))
    driver.type("cm")
    driver.press(.escape)
    #expect(driver.text.contains("Incoming (server)"))
    #expect(driver.model.settings.mode == .stream)
  }

  @Test func helpShowsThePickersKeysFirstWhileItIsOpen() {
    var driver = Driver()
    driver.type("u")
    driver.press(.function(1))
    #expect(driver.row(1).contains("File picker"))
    driver.press(.escape)
    #expect(driver.text.contains("Choose files"))
  }

  @Test func lateAnswersLeadNowhere() {
    var driver = Driver()
    driver.send(.directory(.example))
    driver.send(checked())
    #expect(driver.effects.isEmpty && driver.text.contains("Incoming (server)"))
  }

  @Test func aFileThatCouldNotBeSentIsNotAwaitedForEver() {
    var driver = Driver()
    driver.send(.input(.paste(path)))
    driver.send(checked())
    driver.press(.enter)
    #expect(!driver.model.isIdle)
    driver.send(.note(.error, "it is gone"))
    #expect(driver.model.isIdle)
  }
}
