import Testing

@testable import UploadCore

@Suite struct FileNameTests {
  @Test(arguments: [
    ("a.bin", "a.bin"), ("x", "x"), (".bashrc", ".bashrc"), ("...", "..."), (" spaced out .txt", " spaced out .txt"),
    ("../x", "x"), ("../../etc/passwd", "passwd"), (#"..\x"#, "x"), (#"C:\dir\file.doc"#, "file.doc"), ("/etc/x", "x"),
    (#"a/b\c"#, "c"), (#"a\b/c"#, "c"), ("a//b", "b"), ("%2e%2e%2fx", "%2e%2e%2fx"), ("日本/写真.jpg", "写真.jpg"),
    ("a\u{0}b", "ab"), ("a\u{0}/b", "b"), ("a\r\nb", "ab"), ("\u{1B}[2Jx", "[2Jx"), ("a\u{7F}\u{85}b", "ab"),
    ("photo\u{202E}gnp.exe", "photognp.exe"), ("z\u{200B}e\u{200D}r\u{FEFF}o", "zero"), ("a\u{2028}b", "ab"),
    ("/\u{301}x", "\u{301}x"), ("a/\u{301}x", "\u{301}x"), (".\u{200B}.x", "..x"),
  ])
  func `The last component is kept, without what disguises it`(suggestion: String, name: String) {
    #expect(FileName(suggestion)?.description == name)
  }

  @Test(arguments: [
    "", ".", "..", "/", "\\", "a/", #"a\"#, "x/.", "x/..", "../", "\u{0}", "\u{200B}", ".\u{200B}.", "\u{202E}..",
    "..\n",
  ])
  func `Nothing is left of some`(suggestion: String) {
    #expect(FileName(suggestion) == nil)
  }

  @Test(arguments: [
    (".sluice-x.part", "_.sluice-x.part"), ("d/.sluice-.part", "_.sluice-.part"),
    (".slu\u{200B}ice-x.part", "_.sluice-x.part"), (".sluice-\u{301}.part", "_.sluice-\u{301}.part"),
    (".sluice-x.parts", ".sluice-x.parts"), ("sluice-x.part", "sluice-x.part"), (".sluice-x", ".sluice-x"),
  ])
  func `No upload looks like a partial file`(suggestion: String, name: String) {
    #expect(FileName(suggestion)?.description == name)
  }

  @Test func `A name that the cut would turn into a partial file's does not become one`() throws {
    let crafted = ".sluice-" + String(repeating: "a", count: 242) + ".part" + String(repeating: "x", count: 40)
    let name = try #require(FileName(crafted)).description
    #expect(!FileName.isPartial(name))
    #expect(name.utf8.count <= 255)
  }

  @Test func `The store knows its own partial files`() {
    #expect(FileName.isPartial(FileName.partialPrefix + "0123" + FileName.partialSuffix))
    #expect(!FileName.isPartial(".sluice-0123"))
    #expect(!FileName.isPartial(".slui.part"))
  }

  @Test(arguments: [
    (String(repeating: "a", count: 300) + ".jpeg", ".jpeg"),
    (String(repeating: "ä", count: 200) + ".tar.gz", ".tar.gz"),
    (String(repeating: "写", count: 100) + ".md", ".md"),
    (String(repeating: "👩🏽‍🚀", count: 40) + ".png", ".png"),
    (
      String(repeating: "a", count: 255) + ".\(String(repeating: "e", count: 31))",
      "." + String(repeating: "e", count: 31)
    ),
  ])
  func `A long name is cut before its extension`(suggestion: String, suffix: String) throws {
    let name = try #require(FileName(suggestion)).description
    #expect(name.utf8.count <= 255)
    #expect(name.utf8.count > 255 - 24)
    #expect(name.hasSuffix(suffix))
    let stem = name.dropLast(suffix.count)
    let cleaned = String(String.UnicodeScalarView(suggestion.unicodeScalars.filter { !PlainText.isUnsafe($0) }))
    #expect(cleaned.hasPrefix(stem), "cut between characters")
  }

  @Test func `An extension that is none is cut with the rest`() throws {
    let name = try #require(FileName("a." + String(repeating: "b", count: 300))).description
    #expect(name.utf8.count == 255)
  }

  @Test func `A name of just the right length is left alone`() {
    let exact = String(repeating: "a", count: 251) + ".txt"
    #expect(FileName(exact)?.description == exact)
  }

  @Test(arguments: ["", ".txt"])
  func `A storm of combining marks is cut between scalars`(suffix: String) throws {
    let storm = "Z" + String(repeating: "\u{336}", count: 5_000) + suffix
    let name = try #require(FileName(storm)).description
    #expect((250...255).contains(name.utf8.count))
    #expect(name.unicodeScalars.first == "Z")
    #expect(name.unicodeScalars.suffix(suffix.count).elementsEqual(suffix.unicodeScalars))
  }

  @Test func `A storm in the extension costs the extension only`() throws {
    let name = try #require(FileName("a.t" + String(repeating: "\u{301}", count: 5_000))).description
    #expect(name.utf8.count <= 255)
    #expect(name.hasPrefix("a."))
  }

  @Test(arguments: [
    ("report.pdf", 1, "report.pdf"), ("report.pdf", 2, "report (2).pdf"), ("report.pdf", 10, "report (10).pdf"),
    ("data.tar.gz", 2, "data (2).tar.gz"), (".tar.gz", 2, ".tar (2).gz"), ("README", 3, "README (3)"),
    (".bashrc", 2, ".bashrc (2)"), ("a.b.c", 2, "a.b (2).c"), ("x (2).zip", 2, "x (2) (2).zip"), ("a.", 2, "a (2)."),
    ("report.pdf", 0, "report.pdf"), ("report.pdf", -1, "report.pdf"),
  ])
  func `A taken name gets a number before its extension`(name: String, number: Int, numbered: String) {
    #expect(FileName(name)?.numbered(number).description == numbered)
  }

  @Test(arguments: [2, 99, 100_000, Int.max])
  func `A number fits even when the name is full`(number: Int) throws {
    for suggestion in [String(repeating: "a", count: 300) + ".tar.gz", String(repeating: "写", count: 200)] {
      let numbered = try #require(FileName(suggestion)).numbered(number).description
      #expect(numbered.utf8.count <= 255)
      #expect(numbered.contains(" (\(number))"))
      #expect(numbered.hasSuffix(".tar.gz") == suggestion.hasSuffix(".tar.gz"))
    }
  }

  @Test func `Whatever comes in, what comes out is one safe component`() {
    var generator = SystemRandomNumberGenerator()
    let alphabet: [Unicode.Scalar] = [
      ".", "/", "\\", "a", "\u{0}", "\u{301}", "\u{202E}", "-", "写", "👩", "\u{200D}", "\n", " ", "%", "\u{E0041}",
    ]
    for _ in 0..<5_000 {
      let count = Int.random(in: 0...400, using: &generator)
      let text = String(
        String.UnicodeScalarView((0..<count).compactMap { _ in alphabet.randomElement(using: &generator) })
      )
      guard let name = FileName(text) else { continue }
      for safe in [name, name.numbered(7)] {
        #expect((1...255).contains(safe.description.utf8.count))
        #expect(!safe.description.utf8.contains { $0 == UInt8(ascii: "/") || $0 == 0 || $0 == UInt8(ascii: "\\") })
        #expect(safe.description != "." && safe.description != "..")
        #expect(!safe.description.unicodeScalars.contains(where: PlainText.isUnsafe))
        #expect(!FileName.isPartial(safe.description))
      }
    }
  }
}
