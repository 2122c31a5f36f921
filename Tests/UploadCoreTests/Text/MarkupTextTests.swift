import Testing

@testable import UploadCore

@Suite struct MarkupTextTests {
  @Test(arguments: [
    ("", ""), ("plain ü 日本", "plain ü 日本"),
    ("<a href=\"x\">'&'</a>", "&lt;a href=&quot;x&quot;&gt;&#39;&amp;&#39;&lt;/a&gt;"),
    ("&amp;", "&amp;amp;"),
    // A combining character does not hide what it stands behind.
    ("<\u{301}b", "&lt;\u{301}b"),
  ])
  func `Nothing in it can begin markup`(text: String, escaped: String) {
    #expect(MarkupText.escaped(text) == escaped)
  }
}
