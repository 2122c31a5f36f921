import Testing
import UploadTestSupport

@testable import UploadCore

@Suite struct FileNameTests {
  @Test(arguments: [
    ("a.bin", "a.bin"), ("x", "x"), (".bashrc", ".bashrc"), ("...", "..."), (" spaced out .txt", " spaced out .txt"),
    ("../x", "x"), ("../../etc/passwd", "passwd"), ("/etc/x", "x"), (#"a\b/c"#, "c"),
    // A backslash is an ordinary character.
    (#"..\x"#, #"..\x"#), (#"C:\dir\file.doc"#, #"C:\dir\file.doc"#), (#"a/b\c"#, #"b\c"#),
    (#"dev-disk-by\x2dlabel.swap"#, #"dev-disk-by\x2dlabel.swap"#), ("\\", "\\"), (#"a\"#, #"a\"#), ("a//b", "b"),
    ("%2e%2e%2fx", "%2e%2e%2fx"), ("日本/写真.jpg", "写真.jpg"),
    ("a\u{0}b", "ab"), ("a\u{0}/b", "b"), ("a\r\nb", "ab"), ("\u{1B}[2Jx", "[2Jx"), ("a\u{7F}\u{85}b", "ab"),
    ("photo\u{202E}gnp.exe", "photognp.exe"), ("z\u{200B}e\u{2060}r\u{FEFF}o", "zero"), ("a\u{2028}b", "ab"),
    ("/\u{301}x", "\u{301}x"), ("a/\u{301}x", "\u{301}x"), (".\u{200B}.x", "..x"),
  ])
  func `a requested path becomes its last component without invisible characters`(suggestion: String, name: String) {
    #expect(FileName(suggestion)?.description == name)
  }

  @Test(arguments: [
    "", ".", "..", "/", "a/", "x/.", "x/..", "../", "\u{0}", "\u{200B}", ".\u{200B}.", "\u{202E}..",
    "..\n",
  ])
  func `a requested path of which nothing, one dot or two dots remain makes no file name`(suggestion: String) {
    #expect(FileName(suggestion) == nil)
  }

  @Test(arguments: [
    // Persian text, a Malayalam chillu and a Sinhala conjunct need their joiners, emoji theirs.
    "نمی\u{200C}خواهم.pdf", "\u{D28}\u{D4D}\u{200D}.txt", "ශ\u{DCA}\u{200D}ර\u{DD3}", "۵\u{200C}تایی.csv",
    "👩🏽‍🚀.png", "👨‍👩‍👧‍👦.jpg", "❤️‍🔥.gif", "🏳️‍🌈.svg", "👁️‍🗨️", "1️⃣.txt", "🏴󠁧󠁢󠁳󠁣󠁴󠁿.png", "🇩🇪.txt", "葛\u{E0100}城.txt", "a\u{200C}b",
  ])
  func `joiners, variation selectors and tags are kept where a script or an emoji needs them`(suggestion: String) {
    #expect(FileName(suggestion)?.bytes == NameBytes(suggestion))
    #expect(PlainText.sanitized(suggestion) == suggestion)
  }

  @Test(
    arguments: [
      ("\u{200D}a", "a"), ("a\u{200C}", "a"), ("a\u{200D}.txt", "a.txt"), ("a \u{200D}b", "a b"),
      ("a\u{200D}\u{200D}b", "a\u{200D}b"),
      (".\u{200C}.", nil), ("a\u{FE0F}b", "ab"), ("a\u{E0100}", "a"), ("🏴\u{E0067}\u{E0062}", "🏴"),
      ("a\u{E0067}\u{E007F}", "a"),
      ("🏴\u{E007F}x", "🏴x"), ("x\u{3164}y", "xy"), ("x\u{34F}y", "xy"), ("👩\u{200D}/\u{200D}🚀", "🚀"),
    ] as [(String, String?)]
  )
  func `joiners, variation selectors, tags and fillers are removed where no script or emoji needs them`(
    suggestion: String,
    name: String?
  ) {
    #expect(FileName(suggestion)?.bytes == name.map { NameBytes($0) })
  }

  @Test(
    arguments: [
      (#"C:\dir\file.doc"#, "file.doc"), (#"c:\a/b"#, "b"), (#"\\server\share\a b.txt"#, "a b.txt"),
      (#"a\b.txt"#, #"a\b.txt"#), (#"\a"#, #"\a"#), ("C:a", "C:a"), (#"1:\a"#, #"1:\a"#), (#"C:\"#, nil),
      (#"C:\.."#, nil), ("/x/y", "y"),
    ] as [(NameBytes, String?)]
  )
  func `a form's filename is shortened at backslashes only if it is a Windows path with a drive or server`(
    filename: NameBytes,
    name: String?
  ) {
    #expect(FileName(formFilename: filename)?.description == name)
  }

  @Test func `bytes that are not UTF-8 are kept and shown escaped`() throws {
    let latin = NameBytes("caf".utf8 + [0xE9] + ".txt".utf8)
    let name = try #require(FileName(latin))
    #expect(name.bytes == latin)
    #expect(name.description == #"caf\xE9.txt"#)
    #expect(name.numbered(2).bytes == NameBytes("caf".utf8 + [0xE9] + " (2).txt".utf8))
    // Controls are removed beside them, and the component is found by bytes.
    let evil = NameBytes("d".utf8 + [0xFF] + "/\u{1B}a".utf8 + [0xC3, 0x0A, 0xE2, 0x80] + "\u{202E}b".utf8)
    #expect(FileName(evil)?.bytes == NameBytes([0x61, 0xC3, 0x5F, 0xE2, 0x80, 0x62]))
    // Bytes that a removed one kept apart do not become a control.
    #expect(FileName(NameBytes([0xC2, 0x00, 0x9B, 0x41]))?.bytes == NameBytes([0xC2, 0x5F, 0x9B, 0x41]))
    #expect(FileName(NameBytes([0xFF, 0xFE]))?.description == #"\xFF\xFE"#)
  }

  @Test func `a long name that is not UTF-8 is shortened before its extension`() throws {
    let long = NameBytes(Array(repeating: 0xE9, count: 300) + Array(".txt".utf8))
    let name = try #require(FileName(long)).bytes
    #expect(name == NameBytes(Array(repeating: 0xE9, count: 251) + Array(".txt".utf8)))
    // Not within a scalar.
    let mixed = NameBytes([0xFF] + Array(String(repeating: "写", count: 100).utf8))
    #expect(try #require(FileName(mixed)).bytes == NameBytes([0xFF] + Array(String(repeating: "写", count: 84).utf8)))
  }

  @Test func `random bytes make a safe file name or none`() {
    var generator = SplitMix64(seed: 33)
    for _ in 0..<5_000 {
      let count = Int.random(in: 0...300, using: &generator)
      let bytes = (0..<count).map { _ in UInt8.random(in: 0...255, using: &generator) }
      guard let name = FileName(NameBytes(bytes)) else { continue }
      for safe in [name, name.numbered(12)] {
        #expect((1...255).contains(safe.bytes.bytes.count))
        #expect(!safe.bytes.bytes.contains { $0 == UInt8(ascii: "/") || $0 < 0x20 || $0 == 0x7F })
        #expect(NameBytes(safe.bytes.units) == safe.bytes)
        #expect(FileName(safe.bytes)?.bytes == safe.bytes)
      }
    }
  }

  @Test(arguments: [
    (".sluice-x.part", "_.sluice-x.part"), ("d/.sluice-.part", "_.sluice-.part"),
    (".slu\u{200B}ice-x.part", "_.sluice-x.part"), (".sluice-\u{301}.part", "_.sluice-\u{301}.part"),
    (".sluice-x.parts", ".sluice-x.parts"), ("sluice-x.part", "sluice-x.part"), (".sluice-x", ".sluice-x"),
  ])
  func `a requested name gets an underscore before it only if it is that of a partial file`(
    suggestion: String,
    name: String
  ) {
    #expect(FileName(suggestion)?.description == name)
  }

  @Test func `a long name is never shortened to the name of a partial file`() throws {
    let crafted = ".sluice-" + String(repeating: "a", count: 242) + ".part" + String(repeating: "x", count: 40)
    let name = try #require(FileName(crafted)).description
    #expect(!FileName.isPartial(NameBytes(name)))
    #expect(name.utf8.count <= 255)
  }

  @Test func `a name is that of a partial file only with both its prefix and its suffix`() {
    #expect(FileName.isPartial(NameBytes(FileName.partialPrefix + "0123" + FileName.partialSuffix)))
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
  func `a name over 255 bytes is shortened before its extension`(suggestion: String, suffix: String) throws {
    let name = try #require(FileName(suggestion)).description
    #expect(name.utf8.count <= 255)
    #expect(name.utf8.count > 255 - 24)
    #expect(name.hasSuffix(suffix))
    let stem = name.dropLast(suffix.count)
    #expect(suggestion.hasPrefix(stem), "divided between characters")
  }

  @Test func `a long name whose extension is over 32 bytes is shortened to 255 bytes`() throws {
    let name = try #require(FileName("a." + String(repeating: "b", count: 300))).description
    #expect(name.utf8.count == 255)
  }

  @Test func `a name of exactly 255 bytes is not changed`() {
    let exact = String(repeating: "a", count: 251) + ".txt"
    #expect(FileName(exact)?.description == exact)
  }

  @Test(arguments: ["", ".txt"])
  func `shortening a letter with 5,000 combining marks keeps the letter and the extension`(suffix: String) throws {
    let storm = "Z" + String(repeating: "\u{336}", count: 5_000) + suffix
    let name = try #require(FileName(storm)).description
    #expect((250...255).contains(name.utf8.count))
    #expect(name.unicodeScalars.first == "Z")
    #expect(name.unicodeScalars.suffix(suffix.count).elementsEqual(suffix.unicodeScalars))
  }

  @Test func `a name with thousands of combining marks in its extension is shortened and keeps its beginning`() throws {
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
  func `a number from 2 is put before the extension, and a lower one changes nothing`(
    name: String,
    number: Int,
    numbered: String
  ) {
    #expect(FileName(name)?.numbered(number).description == numbered)
  }

  @Test(arguments: [2, 99, 100_000, Int.max])
  func `a numbered name that would be over 255 bytes is shortened before its number`(number: Int) throws {
    for suggestion in [String(repeating: "a", count: 300) + ".tar.gz", String(repeating: "写", count: 200)] {
      let numbered = try #require(FileName(suggestion)).numbered(number).description
      #expect(numbered.utf8.count <= 255)
      #expect(numbered.contains(" (\(number))"))
      #expect(numbered.hasSuffix(".tar.gz") == suggestion.hasSuffix(".tar.gz"))
    }
  }

  @Test func `random text with hostile characters makes a safe file name or none`() {
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
        #expect(!safe.description.utf8.contains { $0 == UInt8(ascii: "/") || $0 == 0 })
        #expect(safe.description != "." && safe.description != "..")
        #expect(PlainText.sanitized(safe.description) == safe.description)
        #expect(!FileName.isPartial(safe.bytes))
      }
    }
  }

  @Test(arguments: [
    "a/index.html", "/a", "a\u{0}b", "z\u{200B}ero", "photo\u{202E}gnp.exe", ".sluice-x.part",
    String(repeating: "x", count: 256), "a." + String(repeating: "b", count: 300),
  ])
  func `a requested name that was changed counts as altered, also when it is numbered`(suggestion: String) throws {
    let name = try #require(FileName(suggestion))
    #expect(name.wasAltered)
    #expect(name.numbered(2).wasAltered)
  }

  @Test(arguments: ["a.bin", " spaced out .txt", "写真.jpg", "cafe\u{301}", String(repeating: "x", count: 255)])
  func `a requested name that is kept byte for byte counts as altered only if its path was flattened`(
    suggestion: String
  ) throws {
    let name = try #require(FileName(suggestion))
    #expect(!name.wasAltered)
    #expect(!name.numbered(2).wasAltered)
    #expect(try #require(FileName(NameBytes(suggestion), isFlattened: true)).wasAltered)
    #expect(!FileName.fallback.wasAltered)
  }
}
