import Testing

@testable import UploadProtocol

/// Headers of PUT requests that repeat an earlier one, except for target, length, type and time.
@Suite struct RepeatedHeadersTests {
  private static let first =
    "PUT /a HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\nX-Other: one\r\nContent-Type: text/plain\r\n\r\n"

  private func fields(_ text: String = first) -> RepeatedFields? {
    withBytes(text) { RepeatedFields($0) }
  }

  /// The headers of a request, by the fields of another; nil when it does not repeat them.
  private func head(_ text: String, like other: String = first) throws -> RepeatedHeaders? {
    let fields = try #require(self.fields(other))
    return withBytes(text) { fields.head(of: $0) }
  }

  private func withBytes<Result>(_ text: String, _ body: (UnsafeRawBufferPointer) -> Result) -> Result {
    Array(text.utf8).withUnsafeBytes(body)
  }

  private func part(_ range: Range<Int>?, of text: String) -> String? {
    range.map { String(decoding: Array(text.utf8)[$0], as: UTF8.self) }
  }

  @Test func `the first request repeats itself`() throws {
    let head = try #require(try self.head(Self.first))
    #expect(part(head.target, of: Self.first) == "/a")
    #expect(part(head.contentType, of: Self.first) == "text/plain")
    #expect(head.modified == nil)
    #expect(head.bodyLength == 3)
    #expect(head.length == Self.first.utf8.count)
  }

  @Test func `target, length, type and time may differ, be missing and stand at another place`() throws {
    let text =
      "PUT /dir/b%20c.bin HTTP/1.1\r\ncontent-TYPE:\timage/png \r\nHost: localhost\r\nX-Other: one\r\n"
      + "x-oc-mtime: 1700000000\r\nCONTENT-LENGTH:65536\r\n\r\nbody"
    let head = try #require(try self.head(text))
    #expect(part(head.target, of: text) == "/dir/b%20c.bin")
    #expect(part(head.contentType, of: text) == "image/png")
    #expect(part(head.modified, of: text) == "1700000000")
    #expect(head.bodyLength == 65_536)
    #expect(head.length == text.utf8.count - 4)
    let short = try self.head("PUT /c HTTP/1.1\r\nHost: localhost\r\nX-Other: one\r\nContent-Length: 0\r\n\r\n")
    #expect(short?.contentType == nil)
    #expect(short?.bodyLength == 0)
  }

  private func reading(_ text: String, like other: String = first) throws -> RepeatedHeaders.Reading {
    let fields = try #require(self.fields(other))
    return withBytes(text) { fields.read($0) }
  }

  @Test(arguments: [
    first,
    "PUT /dir/b HTTP/1.1\r\ncontent-TYPE: a/b\r\nHost: localhost\r\nX-OC-Mtime: 1\r\nX-Other: one\r\n"
      + "Content-Length: 0\r\n\r\n",
  ])
  func `headers that have arrived in part are incomplete, wherever they end`(text: String) throws {
    let bytes = Array(text.utf8)
    for count in bytes.indices {
      let part = String(decoding: bytes[..<count], as: UTF8.self)
      #expect(try reading(part) == .incomplete, "\(count) bytes")
      #expect(try head(part) == nil)
      #expect(fields(part) == nil)
    }
  }

  @Test(arguments: [
    "G", "POST", "put", "PUT\t", "PUT a", "PUT h", "\r", "\n", "PUT /a\n", "PUT /a HTTP/1.1\rH", "PUT /a HTTP/1.0\r\n",
    "PUT /a?b HTTP/1.1\r\n", "PUT /a HTTP/1.1\r\nh", "PUT /a HTTP/1.1\r\nHost: o",
    "PUT /a HTTP/1.1\r\nHost: localhost ",
    "PUT /a HTTP/1.1\r\nHost: localhost\r\nX-Other: one\r\nE", "PUT /a HTTP/1.1\r\nHost: localhost\r\n\r",
    "PUT /a HTTP/1.1\r\nHost: localhost\r\nX-Other: one\r\nContent-Lengths",
    "PUT /a HTTP/1.1\r\nHost: localhost\r\nX-Other: one\r\nContent-Length: x\r\n",
    "PUT /a HTTP/1.1\r\nHost: localhost\r\nX-Other: one\r\nContent-Length: 1\r\nContent-Length: 1\r\n",
    "PUT /a HTTP/1.1\r\nHost: localhost\r\nX-Other: one\r\n\r\n",
  ])
  func `the beginning of other headers is not incomplete`(text: String) throws {
    #expect(try reading(text) == .other)
  }

  @Test func `the rest of headers ends at or before the empty line, wherever it begins`() throws {
    let bytes = Array((Self.first + "PUT /b HTTP/1.1\r\n\r\n").utf8)
    let end = Self.first.utf8.count
    for start in 1..<end {
      var position = start
      while position < end {
        let size = try #require(bytes[position...].withUnsafeBytes { RepeatedHeaders.sizeOfRest($0) })
        #expect(size > 0)
        position += size
      }
      #expect(position == end, "from \(start)")
    }
    #expect(withBytes("st: localhost\r\nX-Other") { RepeatedHeaders.sizeOfRest($0) } == nil)
    #expect(withBytes("") { RepeatedHeaders.sizeOfRest($0) } == nil)
  }

  @Test func `headers that are too long are not incomplete`() throws {
    let text = "PUT /" + String(repeating: "a", count: RepeatedHeaders.longest)
    #expect(try reading(text) == .other)
    #expect(try reading(String(text.prefix(RepeatedHeaders.longest - 1))) == .incomplete)
  }

  @Test(arguments: [
    "Host: localhost\r\n", "Host: other\r\nX-Other: one\r\n", "Host: localhost\r\nX-Other: two\r\n",
    "Host: localhost\r\nX-Other: one \r\n", "host: localhost\r\nX-Other: one\r\n",
    "X-Other: one\r\nHost: localhost\r\n", "Host: localhost\r\nX-Other: one\r\nX-More: 1\r\n",
    "Host: localhost\r\nX-Other: one\r\nX-Other: one\r\n", "Host: localhost\r\n X-Other: one\r\n",
    "Host: localhost\r\nX-Other: one\r\nExpect: 100-continue\r\n",
    "Host: localhost\r\nX-Other: one\r\nTransfer-Encoding: chunked\r\n",
  ])
  func `other fields, or the same in another order or spelling, are not repeated`(fields: String) throws {
    #expect(try head("PUT /a HTTP/1.1\r\n\(fields)Content-Length: 3\r\n\r\n") == nil)
  }

  @Test(arguments: [
    "", "Content-Length: \r\n", "Content-Length: +3\r\n", "Content-Length: -3\r\n", "Content-Length: 0x3\r\n",
    "Content-Length: 3,3\r\n", "Content-Length: 3 3\r\n", "Content-Length: 3\r\nContent-Length: 3\r\n",
    "Content-Length: 3000000000\r\n", "Content-Length : 3\r\n", "Content-Length: 3\n",
    "Content-Length: 3\r\n\t4\r\n", "Content-Length: 3\r\nContent-Type: a\u{0}b\r\n",
    "Content-Length: 3\r\nContent-Type: é/x\r\n", "Content-Length: 3\r\nContent-Type: a\rb\r\n",
    "Content-Length: 3\r\nContent-Type: a/b\r\nContent-Type: a/b\r\n",
    "Content-Length: 3\r\nX-OC-Mtime: 1\r\nX-OC-Mtime: 1\r\n", "Content-Length: 3\r\nNo colon\r\n",
  ])
  func `a malformed, repeated or missing field that may differ is left to the decoder`(fields: String) throws {
    #expect(try head("PUT /a HTTP/1.1\r\nHost: localhost\r\nX-Other: one\r\n\(fields)\r\n") == nil)
    #expect(self.fields("PUT /a HTTP/1.1\r\nHost: localhost\r\n\(fields)\r\n") == nil)
  }

  @Test(arguments: [
    "POST /a HTTP/1.1", "put /a HTTP/1.1", "PUT /a HTTP/1.0", "PUT  /a HTTP/1.1", "PUT /a  HTTP/1.1", "PUT a HTTP/1.1",
    "PUT http://localhost/a HTTP/1.1", "PUT /a?b HTTP/1.1", "PUT /a#b HTTP/1.1", "PUT /a b HTTP/1.1",
    "PUT /\u{E9} HTTP/1.1", "PUT /a\\b HTTP/1.1", "PUT /\"a\" HTTP/1.1", "PUT  HTTP/1.1", "PUT * HTTP/1.1",
    "PUT /a HTTP/1.1 ", " PUT /a HTTP/1.1", "\r\nPUT /a HTTP/1.1",
  ])
  func `another request line is left to the decoder`(line: String) throws {
    let rest = "\r\nHost: localhost\r\nX-Other: one\r\nContent-Length: 3\r\n\r\n"
    #expect(try head(line + rest) == nil)
    #expect(fields(line + rest) == nil)
  }

  @Test func `a head of more than 4 KiB, or a target of more than 2 KiB, is left to the decoder`() throws {
    let long = String(repeating: "x", count: RepeatedHeaders.longest)
    #expect(fields("PUT /a HTTP/1.1\r\nHost: localhost\r\nX-Long: \(long)\r\nContent-Length: 3\r\n\r\n") == nil)
    #expect(
      try head("PUT /\(long.prefix(2048)) HTTP/1.1\r\nHost: localhost\r\nX-Other: one\r\nContent-Length: 3\r\n\r\n")
        == nil
    )
  }
}
