import Testing

@testable import UploadProtocol

@Suite struct MediaTypeNamesTests {
  @Test(arguments: [
    ("a.csv", "text/csv"), ("A.CSV", "text/csv"), ("movie.final.Mp4", "video/mp4"), ("x.tar.gz", "application/gzip"),
    ("x.zst", "application/zstd"), (".json", "application/json"), ("a/b.d/c.pdf", "application/pdf"),
    ("x.iso", "application/x-iso9660-image"), ("x.jpeg", "image/jpeg"), ("x.bin", "application/octet-stream"),
  ]) func `a type is found by the extension`(name: String, type: String) {
    #expect(MediaTypeNames.type(forFileName: name) == type)
  }

  @Test(arguments: ["", "csv", "a.", ".", "a.unheard-of", "a.csv ", "a.csv/b"]) func `unknown names have no type`(
    name: String
  ) {
    #expect(MediaTypeNames.type(forFileName: name) == nil)
  }

  @Test(arguments: [
    ("image/jpeg", "jpg"), ("IMAGE/PNG", "png"), ("text/plain; charset=utf-8", "txt"), (" text/html ;x", "html"),
    ("application/zip", "zip"), ("audio/ogg", "ogg"), ("application/octet-stream", "bin"),
  ]) func `an extension is found by the type`(type: String, ending: String) {
    #expect(MediaTypeNames.fileExtension(forType: type) == ending)
  }

  @Test(arguments: ["", "text", "text/", "text/unheard-of", ";text/plain"]) func `unknown types have no extension`(
    type: String
  ) {
    #expect(MediaTypeNames.fileExtension(forType: type) == nil)
  }

  @Test(
    arguments: [
      ("text/html", "text/html"), (" Text/HTML ; charset=utf-8", "text/html"), ("text/html\t;x", "text/html"),
      ("a/b;", "a/b"),
      ("text/plain,text/html", nil), ("text/plain, text/html", nil), ("text", nil), ("/html", nil), ("text/", nil),
      ("", nil),
      ("text/ html", nil), ("a/b/c", nil), ("text/html\u{0}", nil), (";text/html", nil), ("téxt/html", nil),
      ("\"text/html\"", nil),
    ] as [(String, String?)]
  )
  func `a type that is malformed counts as none`(field: String, type: String?) {
    #expect(MediaTypeNames.essence(ofField: field) == type)
  }

  @Test func `the table is sound`() {
    let entries = MediaTypeTable.entries
    let endings = entries.flatMap(\.extensions)
    #expect(Set(entries.map(\.type)).count == entries.count)
    #expect(Set(endings).count == endings.count)
    #expect(endings.count >= 120)
    for entry in entries {
      #expect(entry.type == entry.type.lowercased() && entry.type.contains("/"))
      #expect(!entry.extensions.isEmpty)
      // Each type's usual ending leads back to the type.
      for ending in entry.extensions {
        #expect(ending == ending.lowercased())
        #expect(MediaTypeNames.type(forFileName: "a.\(ending)") == entry.type)
      }
      #expect(MediaTypeNames.fileExtension(forType: entry.type) == entry.extensions.first)
    }
  }
}
