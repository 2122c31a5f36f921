import Testing
import UploadTestSupport

@testable import UploadProtocol

@Suite struct ZipContentTests {
  private static let wordDocument = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"

  /// One entry of an archive.
  /// - Parameter size: the size in its header; nil where the size comes after the content.
  private func entry(_ name: String, _ content: [UInt8] = [], size: Int?, isStored: Bool = false) -> [UInt8] {
    let length = UInt32(truncatingIfNeeded: size ?? 0)
    var bytes: [UInt8] = Array("PK\u{3}\u{4}".utf8) + [20, 0, size == nil ? 8 : 0, 0, isStored ? 0 : 8, 0]
    bytes += Array(repeating: 0, count: 8)
    for _ in 0..<2 { bytes += (0..<4).map { UInt8(truncatingIfNeeded: length >> (8 * $0)) } }
    bytes += [UInt8(name.utf8.count), 0, 0, 0]
    return bytes + Array(name.utf8) + content
  }

  private func entry(_ name: String, _ content: [UInt8] = []) -> [UInt8] {
    entry(name, content, size: content.count)
  }

  private let filler = Array(repeating: UInt8(0xAA), count: 700)

  @Test func `an office document is detected by the names of its entries`() {
    let office = entry("[Content_Types].xml", filler) + entry("_rels/.rels", filler)
    #expect(MediaTypeSniffer.type(of: office + entry("word/document.xml")) == Self.wordDocument)
    #expect(MediaTypeSniffer.type(of: entry("word/document.xml") + office) == Self.wordDocument)
    #expect(MediaTypeSniffer.type(of: office + entry("media/1.png")) == "application/zip")
    let late = office + entry("docProps/app.xml", filler + filler) + entry("xl/workbook.xml")
    #expect(MediaTypeSniffer.type(of: late)?.hasSuffix("spreadsheetml.sheet") == true)
  }

  @Test func `an entry of unknown size does not hide the next entry`() {
    let archive = entry("_rels/.rels", filler, size: nil) + entry("word/document.xml", size: nil)
    #expect(MediaTypeSniffer.type(of: archive) == Self.wordDocument)
  }

  @Test func `chunk boundaries do not change the type of an archive`() {
    let archive = entry("[Content_Types].xml", filler + filler) + entry("word/document.xml") + filler
    for split in stride(from: 0, through: archive.count, by: 97) {
      var sniffer = MediaTypeSniffer()
      _ = sniffer.append(archive[..<split])
      _ = sniffer.append(archive[split...])
      #expect(sniffer.finish() == Self.wordDocument)
    }
  }

  @Test func `an office document with a large entry before its main one is detected`() {
    // A thumbnail, as Office for Mac writes it, or the list of a hundred slides; with and without sizes before them.
    let large = Array(repeating: UInt8(0xAA), count: 60_000)
    let before = [
      entry("[Content_Types].xml", filler) + entry("_rels/.rels", filler) + entry("docProps/thumbnail.jpeg", large),
      entry("[Content_Types].xml", large) + entry("_rels/.rels", filler),
      entry("[Content_Types].xml", large, size: nil) + entry("_rels/.rels", filler, size: nil),
      entry("docMetadata/LabelInfo.xml", large) + entry("[Content_Types].xml", filler),
    ]
    for archive in before.map({ $0 + entry("word/document.xml", filler) }) {
      #expect(MediaTypeSniffer.type(of: archive) == Self.wordDocument)
      for length in [1, 1000, 65_536] {
        var sniffer = MediaTypeSniffer()
        for chunk in SplitFeeder.pieces(archive, of: length) { _ = sniffer.append(chunk) }
        #expect(sniffer.finish() == Self.wordDocument)
      }
      let read = MediaTypeSniffer.type { offset, count in Array(archive.dropFirst(offset).prefix(count)) }
      #expect(read == Self.wordDocument)
    }
  }

  @Test func `the search in an archive ends at 4 KiB, and in one that begins like an office document within 2 MiB`() {
    let archive =
      entry("a", Array(repeating: 0, count: 5000)) + entry("[Content_Types].xml") + entry("word/document.xml")
    #expect(MediaTypeSniffer.type(of: archive) == "application/zip")
    var sniffer = MediaTypeSniffer()
    #expect(sniffer.append(archive[..<4095]) == .needMore)
    #expect(sniffer.append(archive[4095..<4096]) == .known("application/zip"))
    // The search in a document without a main part ends after 1 MiB.
    let endless = entry("[Content_Types].xml", Array(repeating: 0, count: 2 << 20)) + entry("word/document.xml")
    #expect(MediaTypeSniffer.type(of: endless) == "application/zip")
  }

  @Test func `a header signature within content of known size is skipped`() {
    let content = Array("PKPK\u{3}PK\u{3}\u{4}".utf8) + Array(repeating: 0, count: 40)
    let archive = entry("_rels/.rels", content) + entry("word/document.xml")
    #expect(MediaTypeSniffer.type(of: archive) == Self.wordDocument)
  }

  @Test func `an archive with altered bytes has the same type whole, in chunks and when it is read with skips`() {
    var generator = SplitMix64(seed: 7)
    for _ in 0..<300 {
      var archive = entry("[Content_Types].xml", filler, size: Bool.random(using: &generator) ? nil : 700)
      archive += entry("_rels/.rels") + entry("xl/workbook.xml", filler)
      for _ in 0..<5 {
        archive[Int.random(in: 4..<archive.count, using: &generator)] = UInt8.random(in: 0...255, using: &generator)
      }
      let whole = MediaTypeSniffer.type(of: archive)
      var sniffer = MediaTypeSniffer()
      for chunk in SplitFeeder.pieces(archive, of: Int.random(in: 1...300, using: &generator)) {
        _ = sniffer.append(chunk)
      }
      #expect(sniffer.finish() == whole)
      let read = MediaTypeSniffer.type { offset, count in Array(archive.dropFirst(offset).prefix(count)) }
      #expect(read == whole)
    }
  }

  @Test func `Java archives, Android packages and EPUB books are detected`() {
    #expect(MediaTypeSniffer.type(of: entry("META-INF/MANIFEST.MF")) == "application/java-archive")
    let android = entry("META-INF/MANIFEST.MF") + entry("classes.dex")
    #expect(MediaTypeSniffer.type(of: android) == "application/vnd.android.package-archive")
    let book = Array("application/epub+zip".utf8)
    #expect(MediaTypeSniffer.type(of: entry("mimetype", book, size: 20, isStored: true)) == "application/epub+zip")
    // An entry that is compressed or not the first is ignored.
    #expect(MediaTypeSniffer.type(of: entry("mimetype", book)) == "application/zip")
    #expect(
      MediaTypeSniffer.type(of: entry("a") + entry("mimetype", book, size: 20, isStored: true)) == "application/zip"
    )
  }

  @Test func `an archive with false sizes, an unknown mimetype or a missing end is detected as application/zip`() {
    // A type that an archive cannot have, a folder alone, a size beyond the end, and sizes that overflow 32 bits.
    let html = Array("text/html".utf8)
    #expect(MediaTypeSniffer.type(of: entry("mimetype", html, size: 9, isStored: true)) == "application/zip")
    #expect(MediaTypeSniffer.type(of: entry("word/document.xml")) == "application/zip")
    for size in [1 << 20, 0xFFFF_FFFF, 0x8000_0000] {
      let archive = entry("[Content_Types].xml", size: size) + entry("word/document.xml")
      #expect(MediaTypeSniffer.type(of: archive) == "application/zip")
    }
    let whole = entry("[Content_Types].xml") + entry("word/document.xml")
    for length in 4..<whole.count - 12 {
      #expect(MediaTypeSniffer.type(of: whole[..<length]) == "application/zip", "\(length)")
    }
    // For a file of two formats the standard decides.
    #expect(MediaTypeSniffer.type(of: Array("%PDF-1.7\n".utf8) + whole) == "application/pdf")
  }
}
