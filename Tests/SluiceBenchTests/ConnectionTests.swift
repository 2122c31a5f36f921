import Testing

@testable import sluice_bench

@Suite struct ConnectionTests {
  @Test func `the head of a response shows where it ends`() throws {
    let text = "HTTP/1.1 201 Created\r\nServer: x\r\nCONTENT-Length: 12\r\n\r\n"
    let head = try #require(ResponseHead(Array((text + "{\"ok\":true}\n").utf8)))
    #expect(head.status == 201)
    #expect(head.length == text.utf8.count)
    #expect(head.bodyLength == 12)
  }

  @Test func `a body without length is empty`() {
    #expect(ResponseHead(Array("HTTP/1.1 204 No Content\r\n\r\n".utf8))?.bodyLength == 0)
  }

  @Test(arguments: ["", "HTTP/1.1 201", "HTTP/1.1 201 OK\r\nA: b\r\n", "what?\r\n\r\n", "\r\n\r\n"])
  func `bytes that are no head are none`(_ text: String) {
    #expect(ResponseHead(Array(text.utf8)) == nil)
  }
}
