import TerminalUI
import Testing
import UploadCore

@testable import Dashboard

/// The keys y and Y.
@Suite struct CopyingTests {
  private func driver(_ uploads: [UploadSnapshot], pane: String) -> Driver {
    var driver = Driver()
    driver.show(uploads)
    driver.type(pane)
    return driver
  }

  private let received = UploadSnapshot.example("a.bin").ended(
    .finished(FinishedUpload(path: "a (2).bin", nameBytes: "a (2).bin", bytes: 5))
  )

  @Test func `the key y copies the link, and without a clipboard a note has it`() {
    var driver = Driver()
    driver.type("y")
    #expect(driver.effects == [.copy(.link("http://192.168.1.7:8080/"))])

    var poor = Driver(capabilities: .ascii)
    poor.type("yL")
    #expect(poor.effects.isEmpty)
    #expect(poor.text.contains("no clipboard for programs; the link is http://192.168.1.7:8080/"))
  }

  @Test func `the key Y copies the final name of a received file, byte for byte where it is known`() {
    var driver = driver([received], pane: "1")
    driver.type("Y")
    #expect(driver.effects == [.copy(.received("a (2).bin", name: "a (2).bin"))])
    let raw = NameBytes([0x61, 0xE9])
    let upload = UploadSnapshot.example().ended(.finished(FinishedUpload(path: "a\\xE9", nameBytes: raw, bytes: 5)))
    driver = self.driver([upload], pane: "1")
    driver.type("Y")
    #expect(driver.effects == [.copy(.received(raw, name: "a\\xE9"))])
  }

  @Test func `the key Y copies the URL of a sent file, and where the server states none its local path`() {
    let finished = FinishedUpload(path: "b.bin", url: "http://127.0.0.1:8080/files/b.bin", bytes: 5)
    let sent = UploadSnapshot.sending { $0.path = "/home/ann/b.bin" }
    var driver = driver([sent.ended(.finished(finished))], pane: "2")
    driver.type("Y")
    #expect(driver.effects == [.copy(.url("http://127.0.0.1:8080/files/b.bin", name: "b.bin"))])
    driver = self.driver([sent.finished()], pane: "2")
    driver.type("Y")
    #expect(driver.effects == [.copy(.path("/home/ann/b.bin", name: "b.bin"))])
    driver = self.driver([UploadSnapshot.sending().finished()], pane: "2")
    driver.type("Y")
    #expect(driver.effects.isEmpty && driver.row(33).contains("the server has stated no URL of b.bin"))
  }

  @Test func `without a complete upload Y copies nothing and says what it needs`() {
    for uploads in [[], [UploadSnapshot.example()], [UploadSnapshot.example().failed()]] {
      var driver = driver(uploads, pane: "1")
      driver.type("Y")
      #expect(driver.effects.isEmpty && driver.row(33).contains("select a complete upload"))
    }
  }

  @Test func `on the row of a tree Y says that it copies one file, and copies one of the open tree`() {
    let tree = GroupSnapshot.example().ended()
    var driver = Driver()
    driver.show([tree.file("a.jpg").finished()], groups: [tree])
    driver.type("Y")
    #expect(driver.effects.isEmpty && driver.row(33).contains("Enter opens the tree"))
    driver.press(.enter)
    driver.type("jY")
    #expect(driver.effects == [.copy(.received("photos/a.jpg", name: "photos/a.jpg"))])
  }

  @Test func `without a clipboard a note has the URL`() {
    var driver = Driver(capabilities: .ascii)
    driver.show([received])
    driver.type("Y")
    #expect(driver.effects.isEmpty && driver.text.contains("the file is a (2).bin in ./uploads"))
  }
}
