import Testing

@testable import sluice_bench

@Suite struct AnswerHeadTests {
  @Test func tellsWhereTheAnswerEnds() throws {
    let text = "HTTP/1.1 201 Created\r\nServer: x\r\nCONTENT-Length: 12\r\n\r\n"
    let head = try #require(AnswerHead(Array((text + "{\"ok\":true}\n").utf8)))
    #expect(head.status == 201)
    #expect(head.length == text.utf8.count)
    #expect(head.bodyLength == 12)
  }

  @Test func aBodyWithoutLengthIsEmpty() {
    #expect(AnswerHead(Array("HTTP/1.1 204 No Content\r\n\r\n".utf8))?.bodyLength == 0)
  }

  @Test(arguments: ["", "HTTP/1.1 201", "HTTP/1.1 201 OK\r\nA: b\r\n", "what?\r\n\r\n", "\r\n\r\n"])
  func noHead(_ text: String) {
    #expect(AnswerHead(Array(text.utf8)) == nil)
  }
}
