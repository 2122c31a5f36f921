import HTTPTypes
import Testing
import UploadCore
import UploadStorage

@testable import UploadServer

@Suite struct PageTests {
  private let hostile = StoredFile(
    name: "<b>&\"'\u{1B}\u{202E}?#%.html",
    size: 1536,
    type: "<script>/x",
    modified: 0
  )

  @Test func `every page escapes the names and types of files`() {
    let pages = Page(path: "/")
    let listing = pages.listing(of: BrowsedDirectory(""))
    for page in [pages.front.text([hostile]), listing.text([hostile]), pages.stored([hostile])] {
      #expect(!page.contains("<b>"))
      #expect(!page.contains("<script"))
      #expect(!page.unicodeScalars.contains("\u{1B}"))
      #expect(!page.unicodeScalars.contains("\u{202E}"))
      #expect(page.contains("&lt;b&gt;&amp;&quot;&#39;"))
      #expect(page.contains("<td>&lt;script&gt;/x</td>"))
      #expect(page.contains("href=\"./files/%3Cb%3E%26%22%27%1B%E2%80%AE%3F%23%25.html\""))
    }
  }

  @Test func `a page shows sizes with units, and an unknown type as an empty cell`() {
    let page = Page(path: "/").listing(of: BrowsedDirectory("")).text([
      StoredFile(name: "a", size: 1536, type: nil, modified: 0)
    ])
    #expect(page.contains("<td class=\"size\">1.5 KiB</td><td></td>"))
  }

  @Test func `the front page says when there are no files`() {
    let page = Page(path: "/").front.text([])
    #expect(page.contains("<p>No files yet.</p>"))
    #expect(!page.contains("<table>"))
  }

  @Test func `the front page has a plain HTML form that posts to the upload endpoint`() {
    let page = Page(path: "/").front.text([])
    #expect(page.hasPrefix("<!doctype html>\n"))
    #expect(page.contains("method=\"post\" action=\"./file-upload\" enctype=\"multipart/form-data\""))
    #expect(page.contains("type=\"file\" name=\"file\" multiple"))
    #expect(page.contains("action=\"./file-upload?paths=keep\"") && page.contains("webkitdirectory multiple"))
    #expect(Page(path: "/", token: "t").front.text([]).contains("action=\"./file-upload?token=t&amp;paths=keep\""))
  }
}

extension PageTests {
  @Test func `the links of a page that was opened with a token pass it on`() {
    let file = StoredFile(name: "a b", size: 1, type: nil, modified: 0)
    let page = Page(path: "/", token: "tok\"en&")
    #expect(page.front.text([file]).contains("action=\"./file-upload?token=tok%22en%26\""))
    #expect(page.listing(of: BrowsedDirectory("")).text([file]).contains("href=\"./files/a%20b?token=tok%22en%26\""))
    #expect(page.stored([file]).contains("href=\"./?token=tok%22en%26\""))
    #expect(!Page(path: "/").front.text([file]).contains("token"))
  }
}

extension PageTests {
  @Test(
    arguments: [
      ("/", "./"), ("/files", "./"), ("/files/", "../"), ("/files/a", "../"), ("/a/b/c?x=/y", "../../"),
      ("/a%2Fb", "./"),
    ]
  )
  func `links are relative to the page, whatever prefix a proxy adds`(path: String, root: String) {
    let page = Page(HTTPRequest(method: .get, scheme: "http", authority: "h", path: path))
    #expect(page.link(to: "") == root)
    #expect(page.link(to: "files/a") == root + "files/a")
    let file = StoredFile(name: "a:b", size: 1, type: nil, modified: 0)
    for text in [
      page.front.text([file]), page.listing(of: BrowsedDirectory("a b")).text([file]), page.stored([file]),
      page.error("no", status: .notFound),
    ] {
      #expect(!text.contains("=\"/"), "no link begins at the host: \(text)")
    }
  }

  @Test func `an error page escapes its message and links to the front page with the token`() {
    let page = Page(path: "/files/x", token: "t&").error("<b>\u{1B}\"", status: .contentTooLarge)
    #expect(page.contains("<h1>Content Too Large</h1>") && page.contains("Status 413"))
    #expect(page.contains("<p>&lt;b&gt;\u{FFFD}&quot;</p>"))
    #expect(page.contains("href=\"../?token=t%26\""))
    #expect(!page.contains("<script") && !page.contains("<form"))
  }

  @Test func `the page of a 401 response does not pass on the wrong token, and asks for another`() {
    let page = Page(path: "/", token: "wrong").error("A token is required.", status: .unauthorized)
    #expect(!page.contains("wrong"))
    #expect(page.contains("<form method=\"get\" action=\"./\">") && page.contains("name=\"token\""))
  }
}

extension PageTests {
  @Test func `the page of a directory links to it, to those that lead to it, and to an archive of it`() {
    let directory = BrowsedDirectory(NameBytes("a b/<c>/".utf8 + [0xE9]))
    let format = Page(path: "/files/a%20b/%3Cc%3E/%E9/", token: "t").listing(of: directory)
    let file = StoredFile(name: NameBytes("a b/<c>/".utf8 + [0xE9] + "/f?".utf8), size: 1, type: nil, modified: 0)
    let page = format.text([file])
    #expect(page.contains("<a href=\"../../../../files/?token=t\">Files</a>"))
    #expect(page.contains("<a href=\"../../../../files/a%20b/?token=t\">a b</a>"))
    #expect(page.contains("<a href=\"../../../../files/a%20b/%3Cc%3E/?token=t\">&lt;c&gt;</a> / \\xE9</h1>"))
    #expect(page.contains("<a href=\"../../../../files/a%20b/%3Cc%3E/%E9/f%3F?token=t\">f?</a>"))
    #expect(page.contains("href=\"../../../../files/a%20b/%3Cc%3E/%E9/?token=t&amp;format=tar\""))
    #expect(
      format.directoryRow("x&", 0).contains("<a href=\"../../../../files/a%20b/%3Cc%3E/%E9/x%26/?token=t\">x&amp;/</a>")
    )
  }

  @Test func `the page after an upload shows and links the whole path of each file`() {
    let file = StoredFile(name: "d/e/a b", size: 1, type: nil, modified: 0)
    let page = Page(path: "/file-upload").stored([file])
    #expect(page.contains("<a href=\"./files/d/e/a%20b\">d/e/a b</a>"))
    #expect(!page.contains("tar"))
  }
}
