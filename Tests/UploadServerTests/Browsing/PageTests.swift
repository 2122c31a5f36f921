import Testing
import UploadCore
import UploadStorage

@testable import UploadServer

@Suite struct PageTests {
  private let nasty = StoredFile(
    name: "<b>&\"'\u{1B}\u{202E}/?#%.html",
    size: 1536,
    type: "<script>/x",
    modified: 0
  )

  @Test func `Names and types are text, never markup`() {
    for page in [
      Page(linkToken: nil).front.text([nasty]), Page(linkToken: nil).listing.text([nasty]),
      Page(linkToken: nil).stored([nasty]),
    ] {
      #expect(!page.contains("<b>"))
      #expect(!page.contains("<script"))
      #expect(!page.unicodeScalars.contains("\u{1B}"))
      #expect(!page.unicodeScalars.contains("\u{202E}"))
      #expect(page.contains("&lt;b&gt;&amp;&quot;&#39;"))
      #expect(page.contains("<td>&lt;script&gt;/x</td>"))
      #expect(page.contains("href=\"/files/%3Cb%3E%26%22%27%1B%E2%80%AE%2F%3F%23%25.html\""))
    }
  }

  @Test func `Sizes are words, and an unknown type is empty`() {
    let page = Page(linkToken: nil).listing.text([StoredFile(name: "a", size: 1536, type: nil, modified: 0)])
    #expect(page.contains("<td class=\"size\">1.5 KiB</td><td></td>"))
  }

  @Test func `Without files it says so`() {
    #expect(Page(linkToken: nil).front.text([]).contains("<p>Nothing here yet.</p>"))
    #expect(!Page(linkToken: nil).front.text([]).contains("<table>"))
  }

  @Test func `The front page uploads with a plain form`() {
    let page = Page(linkToken: nil).front.text([])
    #expect(page.hasPrefix("<!doctype html>\n"))
    #expect(page.contains("method=\"post\" action=\"/file-upload\" enctype=\"multipart/form-data\""))
    #expect(page.contains("type=\"file\" name=\"file\" multiple"))
  }
}

extension PageTests {
  @Test func `A page opened with a token goes on with it`() {
    let file = StoredFile(name: "a b", size: 1, type: nil, modified: 0)
    let page = Page(linkToken: "tok\"en&")
    #expect(page.front.text([file]).contains("action=\"/file-upload?token=tok%22en%26\""))
    #expect(page.listing.text([file]).contains("href=\"/files/a%20b?token=tok%22en%26\""))
    #expect(page.stored([file]).contains("href=\"/?token=tok%22en%26\""))
    #expect(!Page(linkToken: nil).front.text([file]).contains("token"))
  }
}
