import Testing

@testable import UploadProtocol

@Suite struct EntityTagTests {
  @Test(arguments: [
    (#""a""#, [EntityTag("a")]),
    (#"W/"a""#, [EntityTag(opaque: Array("a".utf8), isWeak: true)]),
    (#""""#, [EntityTag("")]),
    (#""a","b" , "c""#, [EntityTag("a"), EntityTag("b"), EntityTag("c")]),
    (#" , "a,b" ,, W/"" , "#, [EntityTag("a,b"), EntityTag(opaque: [], isWeak: true)]),
    (#""W/""#, [EntityTag("W/")]),
  ])
  func `a list of strong and weak tags is read, without its empty elements`(value: String, tags: [EntityTag]) {
    #expect(EntityTagList(value.utf8) == .tags(tags))
  }

  @Test(arguments: ["*", " * ", "\t*"])
  func `an asterisk alone is read as any representation`(value: String) {
    #expect(EntityTagList(value.utf8) == .any)
  }

  @Test(arguments: [
    "", " ", ",", "a", #""a"#, #"a""#, #"w/"a""#, #"W/ "a""#, "W/", #""a" "b""#, #""a"b"#, #"*, "a""#, #""a", *"#, "**",
    #""a b""#, "\"a\u{7F}\"", "\"a\tb\"",
  ])
  func `a list that is empty or has a malformed tag is not read`(value: String) {
    #expect(EntityTagList(value.utf8) == nil)
  }

  @Test func `a tag may contain bytes that are not ASCII`() {
    #expect(EntityTagList([0x22, 0xFF, 0x80, 0x22]) == .tags([EntityTag(opaque: [0xFF, 0x80], isWeak: false)]))
  }

  /// The table of RFC 9110 section 8.8.3.2.
  @Test func `equal tags match weakly, and they match strongly only if neither is weak`() {
    let weak = EntityTag(opaque: Array("1".utf8), isWeak: true)
    let otherWeak = EntityTag(opaque: Array("2".utf8), isWeak: true)
    let strong = EntityTag("1")
    #expect(!weak.matchesStrongly(weak) && weak.matchesWeakly(weak))
    #expect(!weak.matchesStrongly(otherWeak) && !weak.matchesWeakly(otherWeak))
    #expect(!weak.matchesStrongly(strong) && weak.matchesWeakly(strong))
    #expect(strong.matchesStrongly(strong) && strong.matchesWeakly(strong))
  }

  @Test func `a tag that was read is written as the same text`() {
    for text in [#""a-b""#, #"W/"a""#, #""""#] {
      guard case .tags(let tags)? = EntityTagList(text.utf8) else {
        Issue.record("\(text) is not read")
        continue
      }
      #expect(tags.map(\.text) == [text])
    }
  }
}
