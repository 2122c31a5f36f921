import Testing

@testable import sluice_bench

@Suite struct ConnectionTests {
  @Test func `the length of a response is that of its headers plus Content-Length`() throws {
    let text = "HTTP/1.1 201 Created\r\nServer: x\r\nCONTENT-Length: 12\r\n\r\n"
    let head = try #require(ResponseHead(Array((text + "{\"ok\":true}\n").utf8)))
    #expect(head.status == 201)
    #expect(head.length == text.utf8.count + 12)
  }

  @Test func `the length of a response without Content-Length is that of its headers`() {
    let text = "HTTP/1.1 204 No Content\r\n\r\n"
    #expect(ResponseHead(Array(text.utf8))?.length == text.utf8.count)
  }

  @Test(arguments: ["", "HTTP/1.1 201", "HTTP/1.1 201 OK\r\nA: b\r\n", "what?\r\n\r\n", "\r\n\r\n"])
  func `malformed and incomplete headers are no response`(_ text: String) {
    #expect(ResponseHead(Array(text.utf8)) == nil)
  }
}
