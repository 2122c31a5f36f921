import NIOCore
import Testing

@testable import UploadServer

@Suite struct RequestBeginningTests {
  /// What is known of a request that arrives in reads of `size` bytes, each of which is decoded at once.
  private func beginning(_ text: String, readsOf size: Int) -> RequestBeginning {
    var beginning = RequestBeginning()
    var rest = ByteBuffer(string: text)
    var isFirst = true
    while let bytes = rest.readSlice(length: min(size, rest.readableBytes)), bytes.readableBytes > 0 {
      beginning.note(bytes.readableBytes, of: bytes, isFirst: isFirst)
      beginning.release(isIncomplete: true)
      isFirst = false
    }
    return beginning
  }

  private static let field = "X: " + String(repeating: "x", count: 20_000)
  private static let address = "/" + String(repeating: "x", count: 20_000)

  @Test(arguments: [1, 1000, 4096, 100_000])
  func `a line is long where the first 16 KiB of a request have no line end`(size: Int) {
    #expect(beginning("GET \(Self.address)", readsOf: size).hasLongLine)
    #expect(beginning("GET \(Self.address) HTTP/1.1\r\nHost: h\r\n", readsOf: size).hasLongLine)
    #expect(!beginning("GET / HTTP/1.1\r\n\(Self.field)", readsOf: size).hasLongLine)
    #expect(!beginning("GET \(Self.address.prefix(16_000)) HTTP/1.1\r\n\(Self.field)", readsOf: size).hasLongLine)
    #expect(!beginning("", readsOf: size).hasLongLine)
  }

  @Test func `only the bytes that are decoded count, from the first one of the request on`() {
    var beginning = RequestBeginning()
    let input = ByteBuffer(string: "GET \(Self.address)")
    beginning.note(4096, of: input, isFirst: true)
    #expect(!beginning.hasLongLine)
    for _ in 0..<3 { beginning.note(4096, of: input, isFirst: false) }
    #expect(beginning.hasLongLine)
    beginning.note(4096, of: input, isFirst: true)
    #expect(!beginning.hasLongLine)
  }

  @Test func `the page is that of the first read, until the headers are complete`() {
    var beginning = beginning("GET /a/b HTTP/1.1\r\nAccept: text/html\r\n\(Self.field)", readsOf: 1000)
    #expect(beginning.page?.link(to: "") == "../")
    beginning.release(isIncomplete: false)
    #expect(beginning.page == nil)
    #expect(self.beginning("GET / HTTP/1.1\r\nAccept: */*\r\n\(Self.field)", readsOf: 1000).page == nil)
  }

  @Test func `no page is retained for a long address, whose link back would be long`() {
    let text = "GET \(String(repeating: "/", count: 2000)) HTTP/1.1\r\nAccept: text/html\r\n"
    var beginning = RequestBeginning()
    beginning.note(text.utf8.count, of: ByteBuffer(string: text), isFirst: true)
    #expect(beginning.page != nil)
    beginning.release(isIncomplete: true)
    #expect(beginning.page == nil)
  }
}
