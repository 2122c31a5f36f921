import Basics
import Glibc
import Testing

@Suite struct ReadAllTests {
  private func read(_ text: String, limit: Int) throws -> [UInt8]? {
    var ends: [Int32] = [-1, -1]
    try #require(pipe(&ends) == 0)
    defer { close(ends[0]) }
    #expect(writeAll(text, to: ends[1]))
    close(ends[1])
    return readAll(ends[0], limit: limit)
  }

  @Test func `a pipe with no more bytes than the limit is read to its end`() throws {
    let text = String(repeating: "naïve ☃", count: 5000)
    #expect(try read(text, limit: 1 << 20) == Array(text.utf8))
    #expect(try read("", limit: 10) == [])
    #expect(try read("1234", limit: 4) == Array("1234".utf8))
  }

  @Test func `reading a pipe with more bytes than the limit returns more bytes than the limit`() throws {
    let bytes = try #require(try read("12345", limit: 4))
    #expect(bytes.count > 4)
  }

  @Test func `reading a descriptor that is not open returns nil`() {
    #expect(readAll(-1, limit: 10) == nil)
  }
}
