import Dashboard
import Testing
import UploadCore

@testable import DashboardApp

@Suite struct CopiedTextTests {
  private func copied(_ source: CopySource, filesURL: String? = "http://192.168.1.7:8080/files/") throws -> CopiedText {
    try CopiedText(source, filesURL: filesURL, directory: "/srv/uploads")
  }

  @Test func `a received file is its URL where clients can download it, otherwise its path`() throws {
    let source = CopySource.received("photos/a b é.jpg", name: "photos/a b é.jpg")
    #expect(try copied(source).text == "http://192.168.1.7:8080/files/photos/a%20b%20%C3%A9.jpg")
    #expect(try copied(source).subject == "URL of photos/a b é.jpg")
    #expect(try copied(source, filesURL: nil).text == "/srv/uploads/photos/a b é.jpg")
    #expect(try copied(source, filesURL: nil).subject == "path of photos/a b é.jpg")
    #expect(try CopiedText(.received("a", name: "a"), filesURL: nil, directory: "/").text == "/a")
  }

  @Test func `a name that is not UTF-8 has a URL with its bytes, and no path that could be copied`() throws {
    let source = CopySource.received(NameBytes([0x61, 0xE9, 0x0A]), name: "a\\xE9")
    #expect(try copied(source).text.hasSuffix("/files/a%E9%0A"))
    let error = #expect(throws: UploadError.self) { try copied(source, filesURL: nil) }
    #expect(error?.message == "The path of a\\xE9 has characters that cannot be copied safely.")
  }

  @Test(arguments: [
    "/tmp/a\nrm -rf x", "/tmp/\u{1B}[31m", "/tmp/\u{202E}gpj", "/tmp/" + NameBytes([0xFF]).losslessText,
  ])
  func `a path with controls or bytes that are not UTF-8 is not copied`(path: String) {
    #expect(throws: UploadError.self) { try copied(.path(path, name: "a")) }
  }

  @Test func `links, URLs and other paths are copied as they are, and the note has them first`() throws {
    #expect(try copied(.link("http://h/#t=x")).text == "http://h/#t=x")
    #expect(try copied(.url("http://h/files/a", name: "a")).text == "http://h/files/a")
    let path = try copied(.path("/home/ann/a b", name: "a b"))
    #expect(path.note(isInTmux: false).hasPrefix("path of a b sent to the clipboard: /home/ann/a b (terminals do not"))
    #expect(path.note(isInTmux: true).hasPrefix("path of a b copied to tmux: /home/ann/a b (and sent to the terminal"))
  }
}
