import Basics
import Crypto
import NIOCore
import Testing
import UploadCore
import UploadProtocol

@testable import UploadServer

/// The page that is shipped, as it is served.
@Suite struct UploadPageTests {
  private func text(_ profile: ServerProfile = ServerProfile(), action: String = "./file-upload") -> String {
    UploadPage(profile, modified: 0).body(action: action).map { String(buffer: $0) }.joined()
  }

  private func profile(greeting: String? = nil, asksName: Bool = false) -> ServerProfile {
    var profile = ServerProfile()
    (profile.page.greeting, profile.page.asksName) = (greeting, asksName)
    return profile
  }

  /// What is between the tags of the only element of a name.
  private func content(of element: String, in page: String) throws -> String {
    let parts = page.split(separator: "<\(element)>", omittingEmptySubsequences: false)
    try #require(parts.count == 2, "one <\(element)> without attributes")
    let inner = parts[1].split(separator: "</\(element)>", omittingEmptySubsequences: false)
    try #require(inner.count == 2)
    return String(inner[0])
  }

  @Test func `the served bytes are at most 30,720`() {
    let bytes = text().utf8.count
    #expect(bytes <= 30_720, "\(bytes)")
  }

  @Test func `the policy allows exactly the shipped script and style`() throws {
    let page = UploadPage(ServerProfile(), modified: 0)
    let served = text()
    func hash(_ content: String) -> String { Base64.encode(Array(SHA256.hash(data: Array(content.utf8)))) }
    let script = try hash(content(of: "script", in: served))
    let style = try hash(content(of: "style", in: served))
    #expect(
      page.policy
        == "default-src 'none'; script-src 'sha256-\(script)'; style-src 'sha256-\(style)'; connect-src 'self'; "
        + "form-action 'self'; base-uri 'none'; img-src data:; frame-ancestors 'none'"
    )
  }

  @Test func `the shipped page has nothing that the policy blocks, and loads nothing`() throws {
    let html = UploadPage.Sources.shipped.html.served
    let blocked = html.contains(#/ style=| on[a-z]+=|<base|<iframe|javascript:| src=|<link (?!rel="icon" href="data:)/#)
    #expect(!blocked)
    let style = UploadPage.Sources.shipped.style.served
    #expect(!style.contains("@import") && !style.contains("url("))
    let script = UploadPage.Sources.shipped.script
    for call in [
      "eval(", "new Function", "innerHTML", "outerHTML", "insertAdjacentHTML", "document.write",
      ".setAttribute(\"style\"",
    ] {
      #expect(!script.contains(call), "\(call)")
    }
    // Either would end the element early, in whatever place it stands.
    #expect(!script.contains("</") && !script.contains("<!--") && !style.contains("</"))
  }

  @Test func `the shipped sources are served without comments, indentation and empty lines`() {
    let sources = UploadPage.Sources.shipped
    let served = ([sources.html, sources.style] + sources.scripts).map(\.served)
    #expect(served.allSatisfy { $0.hasSuffix("\n") })
    for line in served.flatMap({ $0.split(separator: "\n", omittingEmptySubsequences: false).dropLast() }) {
      #expect(!line.isEmpty && line.first?.isWhitespace == false && line.last?.isWhitespace == false, "\(line)")
      #expect(!line.hasPrefix("//") && !line.hasPrefix("/*") && !line.hasPrefix("<!--"), "\(line)")
    }
  }

  @Test func `the page has the placeholders that are filled, and shows none`() {
    let placeholders = PageTemplate(UploadPage.Sources.shipped.html.served).placeholders
    #expect(Set(placeholders) == ["style", "script", "greeting", "limits", "sender", "action"])
    #expect(!text(profile(greeting: "Hello", asksName: true)).contains("{{"))
  }

  @Test func `without scripts the page is a form, with relative URLs`() throws {
    let page = text(action: "./file-upload?token=t&amp;paths=keep")
    #expect(page.contains("action=\"./file-upload?token=t&amp;paths=keep\""))
    #expect(page.contains("method=\"post\"") && page.contains("enctype=\"multipart/form-data\""))
    #expect(page.contains("type=\"file\"") && page.contains("name=\"file\""))
    #expect(!page.contains("href=\"/") && !page.contains("action=\"/"))
    // The header says no-referrer, with which browsers send the form with "Origin: null".
    #expect(page.contains("<meta name=\"referrer\" content=\"same-origin\">"))
  }

  @Test func `the greeting is shown line by line, and is never markup or a placeholder`() throws {
    #expect(text(profile(greeting: "Hello\n\nAnna & co")).contains("<p id=\"greeting\">Hello<br><br>Anna &amp; co</p>"))
    #expect(!text().contains("id=\"greeting\""))
    let hostile = text(profile(greeting: "<script>alert(1)</script>{{action}}{{style}}"))
    #expect(hostile.contains("<p id=\"greeting\">&lt;script&gt;alert(1)&lt;/script&gt;"))
    _ = try content(of: "script", in: hostile)
    _ = try content(of: "style", in: hostile)
  }

  @Test func `the sender's field is shown when the server asks for names, before the file field`() throws {
    let page = text(profile(asksName: true))
    let sender = try #require(page.firstRange(of: "name=\"sender\""))
    let file = try #require(page.firstRange(of: "name=\"file\""))
    #expect(sender.lowerBound < file.lowerBound)
    #expect(!text().contains("name=\"sender\""))
  }

  @Test func `the tag changes with the page, and with nothing else`() {
    let tag = UploadPage(ServerProfile(), modified: 0).tag
    #expect(UploadPage(ServerProfile(), modified: 9).tag == tag)
    #expect(UploadPage(profile(greeting: "Hello"), modified: 0).tag != tag)
  }
}
