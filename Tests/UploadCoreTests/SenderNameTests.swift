import Testing

@testable import UploadCore

@Suite struct SenderNameTests {
  private func name(_ text: String) throws(UploadError) -> SenderName? { try SenderName(text.utf8) }

  @Test(arguments: [
    ("Anna", "Anna"), ("  Anna Müller\t", "Anna Müller"), ("Zoë 👩\u{200D}🚀", "Zoë 👩\u{200D}🚀"),
    ("a\u{1B}[31mb", "a[31mb"), ("x\u{202E}gpj.exe", "xgpj.exe"), ("a\r\nb", "ab"), ("\u{200B}Anna\u{FEFF}", "Anna"),
    ("<script>", "<script>"), ("A/B", "A/B"),
  ])
  func `a name is shown without invisible characters and whitespace at its ends`(text: String, shown: String) throws {
    #expect(try name(text)?.description == shown)
  }

  @Test(arguments: ["", " ", "\t\n", "\u{0}\u{202E}", "\u{200D}"])
  func `a name without visible characters counts as none`(text: String) throws {
    #expect(try name(text) == nil)
  }

  @Test(arguments: [
    ("Anna", "Anna", false), ("A/B", "A_B", true), ("../../etc/passwd", ".._.._etc_passwd", true), ("/", "_", true),
    (".", "unknown", false), ("..", "unknown", false), (".sluice-uploads", "_.sluice-uploads", true),
    (".sluice-x.part", "_.sluice-x.part", true), ("a\\b", "a\\b", false),
  ])
  func `the directory of a sender has one component, which is safe to create`(
    text: String,
    directory: String,
    isAltered: Bool
  ) throws {
    let found = try #require(try name(text)).directory
    #expect(found.description == directory)
    #expect(found.wasAltered == isAltered)
    #expect(!found.bytes.bytes.contains(UInt8(ascii: "/")))
  }

  @Test func `a name may have 100 characters and 400 bytes, and its directory 255 bytes`() throws {
    let longest = try #require(try name(String(repeating: "😀", count: 100)))
    #expect(longest.description.utf8.count == 400)
    #expect(longest.directory.bytes.bytes.count <= 255)
    for text in [
      String(repeating: "a", count: 101), "e" + String(repeating: "\u{301}", count: 200),
      String(repeating: " ", count: 500),
    ] {
      #expect(throws: UploadError.self) { try name(text) }
    }
  }

  @Test func `bytes that are not UTF-8 are rejected`() {
    let error = #expect(throws: UploadError.self) { try SenderName([0x41, 0xFF]) }
    #expect(error?.code == .badRequest)
  }

  @Test func `a path below the directory of a sender keeps its own directories, and is still bounded`() throws {
    let parent = try #require(FileName("Anna"))
    #expect(try FilePath("a.txt").below(parent).description == "Anna/a.txt")
    let deep = try FilePath("photos//a.txt")
    let below = try deep.below(parent)
    #expect(below.description == "Anna/photos/a.txt")
    #expect(below.wasAltered, "the requested path was changed")
    #expect(try DirectoryPath("x/y").below(parent).description == "Anna/x/y")
    let limit = DirectoryPath.maximumDepth
    let deepest = try FilePath(NameBytes(String(repeating: "d/", count: limit) + "a"))
    #expect(throws: UploadError.self) { try deepest.below(parent) }
    let directory = try DirectoryPath(NameBytes(String(repeating: "d/", count: limit)))
    #expect(throws: UploadError.self) { try directory.below(parent) }
  }
}
