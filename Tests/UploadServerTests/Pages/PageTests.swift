import HTTPTypes
import Testing
import UploadCore
import UploadStorage

@testable import UploadServer

@Suite struct PageTests {
  /// Names that would be markup, rearrange the text around them, or end an attribute, and one that people use.
  static let names = [
    "<script>alert(1)</script>.html", "<img src=x onerror=alert(1)>", "\"><svg onload=alert(1)>", "' onclick='alert(1)",
    "</title></style></main>", "&lt;b&gt;", "\u{202E}gnp.exe", "\u{1B}[31m", "שלום.txt", "صورة.jpg", "🏳️‍🌈👩‍👩‍👧 é.png",
    "javascript:alert(1)", "{{script}}", "?#%.html", String(repeating: "n", count: 255),
  ]

  private func page(_ name: String) -> [String] {
    let file = StoredFile(name: NameBytes("d/" + name), size: 1536, type: "<script>/x", modified: 0)
    let pages = Page(path: "/")
    // With slashes it would be several directories.
    let listing = pages.listing(of: BrowsedDirectory(NameBytes(name.replacing("/", with: "_"))))
    return [
      listing.text([file]), listing.start + listing.directoryRow(NameBytes(name), 0) + listing.end,
      pages.stored([file]), pages.error("A file named \"\(name)\" exists.", status: .conflict),
    ]
  }

  @Test(arguments: names) func `no name of a file becomes markup, or rearranges what is around it`(name: String) {
    // What tags a page has without any name of a client.
    let usual = page("n").map(tags)
    for (page, usual) in zip(page(name), usual) {
      #expect(tags(page) == usual, "\(page)")
      #expect(!page.unicodeScalars.contains("\u{1B}") && !page.unicodeScalars.contains("\u{202E}"))
      #expect(!page.contains("<script"))
    }
    #expect(page(name)[2].contains("<bdi>d/\(MarkupText.escaped(PlainText.sanitized(name)))</bdi>"))
  }

  /// The names of all elements, and of their attributes, in a page.
  private func tags(_ page: String) -> [String] {
    page.matches(of: /<(!?\/?[a-z0-9]+)((?: [a-z-]+(?:="[^"]*")?)*)>/).map { match in
      String(match.1) + match.2.matches(of: #/ ([a-z-]+)(="[^"]*")?/#).map { " \($0.1)" }.joined()
    }
  }

  @Test func `every page escapes the names and types of files in text and in links`() {
    for page in page("<b>&\"'?#%.html").prefix(3) {
      #expect(!page.contains("<b>"))
      #expect(page.contains("&lt;b&gt;&amp;&quot;&#39;"))
      #expect(page.contains("%3Cb%3E%26%22%27%3F%23%25.html"))
    }
    #expect(page("a")[0].contains("<td class=\"type\">&lt;script&gt;/x</td>"))
    #expect(page("a")[2].contains("<td class=\"type\">&lt;script&gt;/x</td>"))
  }

  @Test func `a listing shows sizes with units, dates in UTC, and an unknown type as an empty cell`() {
    let page = Page(path: "/").listing(of: BrowsedDirectory("")).text([
      StoredFile(name: "a", size: 1536, type: nil, modified: 1_767_323_045)
    ])
    #expect(page.contains("<td class=\"size\">1.5 KiB</td>") && page.contains("<td class=\"type\"></td>"))
    #expect(page.contains("<time datetime=\"2026-01-02T03:04:05Z\">2026-01-02<span> 03:04</span></time>"))
  }

  @Test func `a listing says when there is nothing in it`() {
    let page = Page(path: "/files/").listing(of: BrowsedDirectory("")).text([])
    #expect(page.contains("<p>No files here yet.</p>") && !page.contains("<table>"))
  }

  @Test func `the columns of a listing are links that sort by them, and then the other way round`() {
    func header(_ order: ShownOrder) -> String {
      let format = Page(path: "/files/d/", token: "t").listing(of: BrowsedDirectory("d"), in: order)
      return format.first.split(separator: "\n").last.map(String.init) ?? ""
    }
    let usual = header(.newestFirst)
    let url = "../../files/d/?token=t&amp;sort="
    for (column, order) in [("name", "asc"), ("size", "desc"), ("date", "asc"), ("type", "asc")] {
      #expect(usual.contains("<a href=\"\(url)\(column)&amp;order=\(order)\">"), "\(usual)")
    }
    #expect(usual.contains("class=\"date\" aria-sort=\"descending\""))
    #expect(usual.firstRange(of: "aria-sort=") != nil && usual.split(separator: "aria-sort=").count == 2)
    let byName = header(.chosen(ListingOrder(.name, isDescending: false)))
    #expect(byName.contains("class=\"name\" aria-sort=\"ascending\""))
    #expect(byName.contains("sort=name&amp;order=desc") && byName.contains("sort=date&amp;order=desc"))
    let fixed = header(.fixed(count: 20_000))
    #expect(!fixed.contains("href") && fixed.contains("aria-sort=\"descending\""))
    let page = Page(path: "/files/").listing(of: BrowsedDirectory(""), in: .fixed(count: 20_000)).start
    #expect(page.contains("Not sorted: 20,000 entries are too many."))
  }
}

extension PageTests {
  @Test func `the links of a page that was opened with a token pass it on`() {
    let file = StoredFile(name: "a b", size: 1, type: nil, modified: 0)
    let page = Page(path: "/", token: "tok\"en&")
    #expect(page.link(to: "file-upload", adding: "paths=keep") == "./file-upload?token=tok%22en%26&amp;paths=keep")
    #expect(page.listing(of: BrowsedDirectory("")).text([file]).contains("href=\"./files/a%20b?token=tok%22en%26\""))
    #expect(page.stored([file]).contains("href=\"./?token=tok%22en%26\""))
    #expect(!Page(path: "/").stored([file]).contains("token"))
  }

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
      page.listing(of: BrowsedDirectory("a b")).text([file]), page.stored([file]), page.error("no", status: .notFound),
    ] {
      #expect(!text.contains("=\"/"), "no link begins at the host: \(text)")
    }
  }

  @Test func `an error page escapes its message and links to the upload page with the token`() {
    let page = Page(path: "/files/x", token: "t&").error("<b>\u{1B}\"", status: .contentTooLarge)
    #expect(page.contains("<h1>Content Too Large</h1>") && page.contains("Status 413"))
    #expect(page.contains("<p>&lt;b&gt;\u{FFFD}&quot;</p>"))
    #expect(page.contains("<a href=\"../?token=t%26\">Back to the upload page</a>"))
    #expect(!page.contains("<script") && !page.contains("<form"))
  }

  @Test func `the page of a 401 response does not pass on the wrong token, and asks for another`() {
    let page = Page(path: "/", token: "wrong").error("A token is required.", status: .unauthorized)
    #expect(!page.contains("wrong"))
    #expect(page.contains("<form method=\"get\" action=\"./\">") && page.contains("name=\"token\""))
  }

  @Test func `every page has the style that its policy allows, and nothing else that the policy would block`() throws {
    let file = StoredFile(name: "a", size: 1, type: nil, modified: 0)
    let page = Page(path: "/")
    for text in [
      page.listing(of: BrowsedDirectory("")).text([file]), page.stored([file]), page.error("no", status: .notFound),
      page.error("no", status: .unauthorized),
    ] {
      let style = try #require(text.firstMatch(of: /<style>([^<]*)<\/style>/)?.1)
      #expect(PageStyle.policy.contains("style-src \(ContentSecurityPolicy.source(of: String(style)));"))
      let blocked = text.contains(#/ style=| on[a-z]+=|<script|<iframe|<img|url\(/#)
      #expect(!blocked, "\(text)")
    }
  }
}

extension PageTests {
  @Test func `the page of a directory links to it, to those that lead to it, and to an archive of it`() {
    let directory = BrowsedDirectory(NameBytes("a b/<c>/".utf8 + [0xE9]))
    let format = Page(path: "/files/a%20b/%3Cc%3E/%E9/", token: "t").listing(of: directory)
    let file = StoredFile(name: NameBytes("a b/<c>/".utf8 + [0xE9] + "/f?".utf8), size: 1, type: nil, modified: 0)
    let page = format.text([file])
    let url = "<a href=\"../../../../files/"
    #expect(page.contains("\(url)?token=t\">Files</a>"))
    #expect(page.contains("\(url)a%20b/?token=t\"><bdi>a b</bdi></a>"))
    #expect(page.contains("\(url)a%20b/%3Cc%3E/?token=t\"><bdi>&lt;c&gt;</bdi></a> / <bdi>\\xE9</bdi></h1>"))
    #expect(page.contains("\(url)a%20b/%3Cc%3E/%E9/f%3F?token=t\"><bdi>f?</bdi></a>"))
    #expect(page.contains("\(url)a%20b/%3Cc%3E/%E9/?token=t&amp;format=tar\">"))
    #expect(format.directoryRow("x&", 0).contains("\(url)a%20b/%3Cc%3E/%E9/x%26/?token=t\"><bdi>x&amp;/</bdi></a>"))
  }

  @Test func `the receipt shows and links the whole path of each file, with its digest if that is known`() {
    var file = StoredFile(name: "d/e/a b", size: 1, type: nil, modified: 0)
    let page = Page(path: "/file-upload").stored([file])
    #expect(page.contains("<a href=\"./files/d/e/a%20b\"><bdi>d/e/a b</bdi></a>"))
    #expect(page.contains("<h1>Your file was stored</h1>") && !page.contains("SHA-256") && !page.contains("format=tar"))
    file.digests.sha256 = [UInt8](repeating: 0xAB, count: 32)
    let more = Page(path: "/file-upload").stored([file, file])
    #expect(more.contains("<h1>Your files were stored</h1>"))
    #expect(more.contains("SHA-256 " + String(repeating: "ab", count: 32)))
  }
}
