import HTTPTypes
import NIOCore
import Testing
import UploadCore

@testable import UploadServer

@Suite struct UndecodedRequestTests {
  private func request(_ text: String) -> UndecodedRequest { UndecodedRequest(ByteBuffer(string: text)) }

  @Test(
    arguments: [
      ("GET /a/b?x HTTP/1.1\r\nHost: h:1\r\nAccept: text/html\r\n\r\n", "/a/b?x", "h:1", "../"),
      ("GET /\r\nACCEPT: text/html,*/*;q=0.8\r\nhost:h", "/", "h", "./"),
      ("GET http://h/a/b HTTP/1.1\nAccept:text/html\n", "/", nil, "./"),
      ("\u{0}\u{FFFD} /\u{7F} x\r\nAccept: text/html", "/", nil, "./"),
    ] as [(String, String, String?, String)]
  )
  func `target, Host and Accept of a malformed request are found where they are plausible`(
    text: String,
    path: String,
    host: String?,
    root: String
  ) {
    let request = request(text)
    #expect(request.head.path == path && request.head.authority == host)
    #expect(request.page?.link(to: "") == root)
  }

  @Test(arguments: [
    "", "GET", "GET / HTTP/1.1\r\nAccept: */*", "GET /\r\nX-Accept: text/html\r\n", "Accept: text/html",
  ])
  func `a client that does not prefer HTML gets no page`(text: String) {
    #expect(request(text).page == nil && request(text).pageOverTLS == nil)
  }

  @Test func `only the beginning of a read is searched`() {
    let filler = "X: " + String(repeating: "x", count: 20_000) + "\r\n"
    #expect(request("GET / HTTP/1.1\r\n\(filler)Accept: text/html\r\n").page == nil)
    #expect(request("GET / HTTP/1.1\r\nAccept: text/html\r\n\(filler)").page != nil)
  }

  @Test(
    arguments: [
      ("h.example:8443", "https://h.example:8443/"), ("[::1]:80", "https://[::1]:80/"), ("", nil), ("h/path", nil),
      ("h\"><script>", nil), ("a&b'c", "https://a&amp;b&#39;c/"), ("user@h", nil),
    ] as [(String, String?)]
  )
  func `the page of a port that requires TLS links to the host of the request`(host: String, root: String?) {
    let text = "GET /files/ HTTP/1.1\r\nHost: \(host)\r\nAccept: text/html\r\n\r\n"
    #expect(request(text).pageOverTLS?.link(to: "") == root)
  }
}
