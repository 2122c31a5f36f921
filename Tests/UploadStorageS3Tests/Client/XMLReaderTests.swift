import Testing
import UploadTestSupport

@testable import UploadStorageS3

@Suite struct XMLReaderTests {
  private func read(_ text: String, _ limits: XMLReader.Limits = .init()) throws(XMLProblem) -> XMLElement {
    try XMLReader.read(Array(text.utf8), limits: limits)
  }

  private func problem(_ text: String, _ limits: XMLReader.Limits = .init()) -> XMLProblem.Kind? {
    do throws(XMLProblem) {
      _ = try read(text, limits)
      return nil
    } catch {
      return error.kind
    }
  }

  private static let document = """
    <?xml version="1.0" encoding="UTF-8"?>\r
    <!-- of an engine -->
    <s3:Result xmlns:s3="http://s3.amazonaws.com/doc/2006-03-01/" a='>"' >
      <Key>a &amp; b&#x2f;&#252;\u{FC}&lt;&gt;&quot;&apos;</Key>
      <Empty/><Empty2 x="1" /><Empty3></Empty3>
      <Deep><Deeper>x<![CDATA[<&amp;]]>y</Deeper></Deep>
      <Key>2</Key>
    </s3:Result><!-- end -->

    """

  @Test func `elements, character data and references are read; attributes and comments are skipped`() throws {
    let root = try read(Self.document)
    #expect(root.name == "Result" && root.text.isEmpty)
    #expect(root["Key"]?.text == "a & b/\u{FC}\u{FC}<>\"'")
    #expect(Array(root.all("Key")).map(\.text).last == "2")
    #expect(root["Empty"] == XMLElement(name: "Empty") && root["Empty2"]?.text == "" && root["Empty3"]?.children == [])
    #expect(root["Deep"]?["Deeper"]?.text == "x<&amp;y")
    #expect(root["None"] == nil)
    #expect(try read("\u{FEFF}<a/>") == XMLElement(name: "a"))
  }

  @Test func `a document that is cut at any byte is an error`() {
    let bytes = Array(Self.document.utf8)
    // Behind the root's end tag it is complete.
    let end = bytes.count - "<!-- end -->\n".utf8.count
    for count in 0..<end {
      #expect(throws: XMLProblem.self, "\(count)") { try XMLReader.read(Array(bytes[..<count])) }
    }
  }

  @Test(arguments: [
    ("<!DOCTYPE a [<!ENTITY x \"y\">]><a>&x;</a>", XMLProblem.Kind.documentType), ("<a><!ELEMENT></a>", .documentType),
    ("", .truncated), ("  ", .truncated), ("<a>", .truncated), ("<a", .truncated), ("<a>&am", .truncated),
    ("<a/><b/>", .malformed), ("<a/>x", .malformed), ("x<a/>", .malformed), ("<a></b>", .malformed),
    ("</a>", .malformed),
    ("<a>&x;</a>", .malformed), ("<a>&amp</a>", .malformed), ("<a>&#xD800;</a>", .malformed),
    ("<a>&#;</a>", .malformed),
    ("<a>&#x+1;</a>", .malformed), ("<a>&#99999999;</a>", .malformed), ("<a>&#-1;</a>", .malformed),
    ("<a b></a>", .malformed), ("<a b=c></a>", .malformed), ("<a b='<'/>", .malformed), ("< a/>", .malformed),
    ("<a:b:c/>", .malformed), ("<a:/>", .malformed), ("<![CDATA[x]]><a/>", .malformed), ("<a / >", .malformed),
    ("<>", .malformed), ("{\"a\":1}", .malformed), ("<a><!-- -- </a>", .truncated), ("<html><p>x</html>", .malformed),
  ])
  func `what is not plain XML is an error`(text: String, kind: XMLProblem.Kind) {
    #expect(problem(text) == kind)
  }

  @Test func `bytes that are not UTF-8 are an error`() {
    #expect(throws: XMLProblem.self) { try XMLReader.read(Array("<a>".utf8) + [0xC3] + Array("</a>".utf8)) }
    #expect(throws: XMLProblem.self) { try XMLReader.read([0x3C, 0xFF, 0x2F, 0x3E]) }
  }

  @Test func `size, depth and the number of elements are limited`() {
    #expect(problem("<a>12345</a>", .init(bytes: 12)) == nil)
    #expect(problem("<a>12345</a>", .init(bytes: 11)) == .limit)
    #expect(problem("<a><b/></a>", .init(depth: 2)) == nil)
    #expect(problem("<a><b><c/></b></a>", .init(depth: 2)) == .limit)
    #expect(problem("<a><b/><b/></a>", .init(elements: 3)) == nil)
    #expect(problem("<a><b/><b/></a>", .init(elements: 2)) == .limit)
    #expect(problem(String(repeating: "<a>", count: 100_000)) == .limit)
  }

  @Test func `random changes never trap`() {
    var random = SplitMix64(seed: 19)
    let document = Array(Self.document.utf8)
    let pieces = [
      "<", ">", "&", ";", "/", "<![CDATA[", "]]>", "<!--", "-->", "<?", "?>", "\u{0}", "&#x", "<a>", "</a>",
    ]
    for _ in 0..<20_000 {
      var bytes = document
      for _ in 0...Int.random(in: 0...3, using: &random) {
        let place = Int.random(in: 0...bytes.count, using: &random)
        switch Int.random(in: 0...3, using: &random) {
        case 0: bytes.insert(contentsOf: pieces.randomElement(using: &random)?.utf8 ?? "".utf8, at: place)
        case 1: bytes.removeSubrange(place..<min(bytes.count, place + Int.random(in: 0...9, using: &random)))
        case 2: if place < bytes.count { bytes[place] = UInt8.random(in: 0...255, using: &random) }
        default: bytes.removeSubrange(place...)
        }
      }
      _ = try? XMLReader.read(bytes)
    }
  }
}
