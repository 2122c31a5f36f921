import HTTPTypes
import Testing

@testable import UploadServer

@Suite struct AcceptFieldTests {
  @Test(
    arguments: [
      // Firefox, Chrome, Edge Legacy and curl.
      ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", true),
      ("text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8,application/signed-exchange", true),
      ("text/html, application/xhtml+xml, */*", true), ("*/*", false),
      ("text/html", true), ("TEXT/HTML ; q=0.5", true), ("text/*", true), ("text/html;level=1", true),
      ("application/json, text/plain, */*", false), ("application/json, text/html", false),
      ("text/html;q=0.8, application/json;q=0.9", false), ("text/html;q=0.9, application/*;q=0.8", true),
      ("text/html;q=0, */*", false), ("text/html;q=x", false), ("text/htmlx", false), ("", false),
    ]
  )
  func `HTML is preferred only with a higher quality than JSON, or at the same one when named more precisely`(
    accept: String,
    prefersHTML: Bool
  ) {
    #expect(AcceptField.prefersHTML([.accept: accept]) == prefersHTML)
  }

  @Test func `without an Accept field HTML is not preferred`() {
    #expect(!AcceptField.prefersHTML([:]))
  }
}
