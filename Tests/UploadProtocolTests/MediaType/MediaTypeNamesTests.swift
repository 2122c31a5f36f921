import Testing

@testable import UploadProtocol

@Suite struct MediaTypeNamesTests {
  @Test(arguments: [
    ("a.csv", "text/csv"), ("A.CSV", "text/csv"), ("movie.final.Mp4", "video/mp4"), ("x.tar.gz", "application/gzip"),
    ("x.zst", "application/zstd"), (".json", "application/json"), ("a/b.d/c.pdf", "application/pdf"),
    ("x.iso", "application/x-iso9660-image"), ("x.jpeg", "image/jpeg"), ("x.bin", "application/octet-stream"),
  ]) func `the text after the last dot of a file name, in any letter case, determines the type`(
    name: String,
    type: String
  ) {
    #expect(MediaTypeNames.type(forFileName: name) == type)
  }

  @Test(arguments: ["", "csv", "a.", ".", "a.unheard-of", "a.csv ", "a.csv/b"])
  func `a name without a known extension has no type`(
    name: String
  ) {
    #expect(MediaTypeNames.type(forFileName: name) == nil)
  }

  @Test(arguments: [
    ("image/jpeg", "jpg"), ("IMAGE/PNG", "png"), ("text/plain; charset=utf-8", "txt"), (" text/html ;x", "html"),
    ("application/zip", "zip"), ("audio/ogg", "ogg"), ("application/octet-stream", "bin"),
  ]) func `a media type in any letter case and with parameters determines the usual extension`(
    type: String,
    fileExtension: String
  ) {
    #expect(MediaTypeNames.fileExtension(forType: type) == fileExtension)
  }

  @Test(arguments: ["", "text", "text/", "text/unheard-of", ";text/plain"]) func `an unknown type has no extension`(
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
  func `the essence of a Content-Type is its type in lower case without parameters, nil if it is malformed`(
    field: String,
    type: String?
  ) {
    #expect(MediaTypeNames.essence(ofField: field) == type)
  }

  @Test func `no type and no extension occurs twice in the table`() {
    let entries = MediaTypeTable.entries
    let extensions = entries.flatMap(\.extensions)
    let names = entries.map(\.type) + entries.flatMap(\.aliases)
    #expect(Set(names).count == names.count)
    #expect(Set(extensions).count == extensions.count)
    #expect(extensions.count >= 120)
    for entry in entries {
      #expect(entry.type == entry.type.lowercased() && entry.type.contains("/"))
      #expect(!entry.extensions.isEmpty)
      for fileExtension in entry.extensions {
        #expect(fileExtension == fileExtension.lowercased())
        #expect(MediaTypeNames.type(forFileName: "a.\(fileExtension)") == entry.type)
      }
      for alias in entry.aliases { #expect(MediaTypeNames.usualName(of: alias) == entry.type) }
      #expect(MediaTypeNames.fileExtension(forType: entry.type) == entry.extensions.first)
    }
  }
}
