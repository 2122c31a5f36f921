import Testing

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

  @Test func `64 KiB of unfinished tags and references are summarized within ten seconds`() {
    let start = ContinuousClock.now
    for part in ["<", "<!--", "&#", "<p>&", "<title>", "<a <"] {
      _ = HTMLText.summary(of: String(repeating: part, count: 65_536 / part.utf8.count))
    }
    #expect(ContinuousClock.now - start < .seconds(10))
  }
}
