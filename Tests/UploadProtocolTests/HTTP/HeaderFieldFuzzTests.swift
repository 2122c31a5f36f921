import Testing
import UploadCore
import UploadTestSupport

@testable import UploadProtocol

/// Random sequences of what the grammars of header fields consist of. A client may send any of them, so none may trap.
@Suite struct HeaderFieldFuzzTests {
  private static let elements = [
    " ", "\t", ",", ";", "=", "\"", "\\", "%", "%4", "%FF", "'", "''", "*", "?", "=?", "?=", "=?utf-8?Q?", "=?x?B?",
    "W/",
    ":", "-", ".", "+", "&", "/", "0", "9", "99999999999999999999", "utf-8''", "filename", "filename*=", "name=",
    "sha-256", "sha-256=:", "GMT", "Sun, ", "Sunday, ", "Sun Nov  6", "06-Nov-94", "Nov", "08:49:37", "24:60:61",
    "1994",
    "multipart/form-data", "boundary=", "text/plain", "\u{0}", "\u{7F}", "\u{301}", "ü", "👩\u{200D}🚀",
  ]

  @Test(arguments: [1, 2, 3, 4] as [UInt64]) func `random header fields do not trap a parser`(seed: UInt64) {
    var generator = SplitMix64(seed: seed)
    for _ in 0..<2000 {
      var text = ""
      for _ in 0..<Int.random(in: 0...12, using: &generator) {
        text += Self.elements.randomElement(using: &generator) ?? ""
      }
      // Without its last bytes the text may end within a scalar.
      let bytes = Array(text.utf8.dropLast(Int.random(in: 0...2, using: &generator)))
      _ = (ContentDisposition(part: bytes), ContentDisposition(header: text), HeaderParameters(bytes))
      _ = (EntityTagList(bytes), StructuredDictionary.parse(bytes), HTTPDate.seconds(text, now: 1_795_824_000))
      _ = (MediaTypeNames.essence(ofField: text), MediaTypeNames.fileExtension(forType: text))
      _ = (
        MediaTypeNames.type(forFileName: text), try? MediaTypePattern(text), try? MultipartBoundary(contentType: text)
      )
      _ = (try? DigestFields.digests(bytes), try? DigestFields.wanted(bytes))
      _ = try? SenderName(bytes)
      let target = try? RequestTarget("/" + text)
      _ = (target?.hasDirectories, try? target?.lastPathComponent())
      _ = (try? target?.nameParameter("name"), try? target?.parameter("name"))
      #expect(Excerpt.quoted(bytes).unicodeScalars.count <= Excerpt.length + 5)
      #expect(PercentEncoding.decodedBytes(PercentEncoding.encode(bytes).utf8) == bytes)
    }
  }
}
