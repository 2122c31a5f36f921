import Basics
import HTTPExchange
import NIOHTTP1
import Testing
import UploadCore

@testable import UploadClient

@Suite struct HTMLTextTests {
  @Test(
    arguments: [
      (
        "<html>\r\n<head><title>413 Request Entity Too Large</title></head>\r\n<body><center><h1>413</h1></body></html>",
        "413 Request Entity Too Large"
      ),
      (
        "<!doctype html><html lang=en><title>405 Method Not Allowed</title><h1>Not</h1><p>No.", "405 Method Not Allowed"
      ),
      ("<html><head><title> </title></head><body><h1>No room</h1><p>More</p></body></html>", "No room"),
      ("<html><body><p>The disk is <b>full</b>. Call <a href='x'>us</a>.</p></body></html>", "The disk is full."),
      ("<html><style>p { color: red }</style><script>if (a < b) alert('x')</script><p>Only this", "Only this"),
      ("<html><!-- <title>no</title> --><p>a &amp; b &#60;c&#x3e; &unknown; &nbsp; d</p>", "a & b <c> &unknown; d"),
      ("<HTML><HEAD><TITLE>Fehler\n  404</TITLE></HEAD>", "Fehler 404"),
      ("<html><head></head><body></body></html>", nil), ("<html", nil), ("", nil),
    ] as [(String, String?)]
  )
  func `the summary of a document is its title, else its first sentence, else nil`(document: String, summary: String?) {
    #expect(HTMLText.summary(of: document) == summary)
  }

  @Test(
    arguments: [
      ("<!DOCTYPE html>", nil, true), (" \n<html>", nil, true), ("<html>", "text/plain", false),
      ("Too large", "text/html; charset=utf-8", true), ("<b>", nil, false), ("{\"msg\":\"<html>\"}", nil, false),
    ] as [(String, String?, Bool)]
  )
  func `a document is recognized by its type, else by its beginning`(text: String, type: String?, isDocument: Bool) {
    #expect(HTMLText.isDocument(text, mediaType: type) == isDocument)
  }

  @Test(
    arguments: [
      ("<title>Schlie&szlig;ung f&uuml;r &Eacute;t&eacute;</title>", "Schließung für Été"),
      ("<title>Can&#146;t do &#8220;that&#8221; &mdash; 5&nbsp;&euro;</title>", "Can’t do “that” — 5 €"),
      ("<title>soft&shy;ly &copy; &#169; &#xA9;</title>", "softly © © ©"),
      ("<title>&lt;script&gt;alert(1)&lt;/script&gt;</title>", "<script>alert(1)</script>"),
      ("<title>&#0;&#xD800;&#x110000;&#99999999999;&#;&;</title>", "\u{FFFD}&#xD800;&#x110000;&#99999999999;&#;&;"),
      ("<title>A <b>bold</b> title</title>", "A bold title"), ("<title>&amp;lt;b&amp;gt;</title>", "&lt;b&gt;"),
      ("<html><svg><text>no</text></svg><template>no</template><h1>Yes</h1>", "Yes"),
      ("<html><body onload='a>b' title = \"c>d\">Text", "Text"), ("<html><p don't>Text", "Text"),
      ("<html><p>1 &lt; 2</p>", "1 < 2"),
    ] as [(String, String)]
  )
  func `references are resolved once, and tags are left out`(document: String, summary: String) {
    #expect(HTMLText.summary(of: document) == summary)
  }

  /// Parts of documents in random order, with control and bidirectional characters.
  @Test(arguments: 1...20)
  func `of any document the message is one line of at most 200 bytes that cannot control a terminal`(seed: UInt64)
    throws
  {
    var random = SplitMix64(seed: seed)
    let parts = [
      "<", ">", "</", "<title>", "</title>", "<script>", "</script>", "<!--", "-->", "<p>", "<b>", "&", "#", "&#x", ";",
      "&lt;", "&#27;[31m", "&#x202E;", "\u{1B}]0;x\u{7}", "\u{202E}", "\u{2066}", "\u{0}", "\r\n", "\t", " ", "Text",
      "Ende.",
      "漢字", "e\u{301}", "\u{1F468}\u{200D}\u{1F469}", "a b c", "&nbsp;", "&zwj;", "\u{FEFF}",
    ]
    for _ in 0..<200 {
      let count = Int.random(in: 0...60, using: &random)
      let text = "<html>" + (0..<count).map { _ in parts[Int.random(in: 0..<parts.count, using: &random)] }.joined()
      let response = ExchangeResponse(
        status: 500,
        reason: "Oops",
        headers: ["Content-Type": "text/html"],
        body: Array(text.utf8)
      )
      let error = try #require(throws: UploadError.self) {
        try response.finishedUpload(ExchangeResponse.Sent(name: "a", bytes: 1, type: "x/y"))
      }
      let message = error.message
      #expect(message.hasPrefix("HTTP 500: ") && PlainText.sanitized(message) == message, "\(text.debugDescription)")
      // A replaced character may have been shorter.
      #expect(message.utf8.count <= 10 + 3 * 200)
    }
  }

  @Test func `64 KiB of unfinished tags and references are summarized within ten seconds`() {
    let start = ContinuousClock.now
    for part in ["<", "<!--", "&#", "<p>&", "<title>", "<a <"] {
      _ = HTMLText.summary(of: String(repeating: part, count: 65_536 / part.utf8.count))
    }
    #expect(ContinuousClock.now - start < .seconds(10))
  }
}
