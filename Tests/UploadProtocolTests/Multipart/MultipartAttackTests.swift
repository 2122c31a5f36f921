import NIOCore
import Testing
import UploadCore

@testable import UploadProtocol

/// Input that has broken other parsers.
@Suite struct MultipartAttackTests {
  private static let head = Array("--b\r\nContent-Disposition: form-data; filename=\"f\"\r\n\r\n".utf8)

  /// A repeated pattern in a file is returned unchanged for all chunk sizes, in at most two events per chunk: one for
  /// the bytes pending from the previous chunk and one for its own content.
  @Test(arguments: ["\r", "\n", "\r\n", "\r\n-", "\r\n--", "-", "\r\n--B", "\r\r\n", "\r\n--\r\n--B", "b", "-b"])
  func `content full of incomplete delimiters is returned unchanged in at most two events per chunk`(pattern: String)
    throws
  {
    let boundary = try MultipartBoundary("b")
    // A space first: directly behind the headers a pattern could complete a delimiter.
    let content = [32] + Array(String(repeating: pattern, count: 140_000 / pattern.utf8.count).utf8)
    let form = Self.head + content + Array("\r\n--b--".utf8)
    for length in [form.count, 65_536, 4099] {
      var parser = MultipartParser(boundary: boundary)
      var events = 0
      var received = ByteBuffer()
      for chunk in form.chunks(of: length) {
        parser.append(ByteBuffer(bytes: chunk))
        while let event = try parser.next() {
          events += 1
          if case .body(var slice) = event { received.writeBuffer(&slice) }
        }
      }
      try parser.finish()
      #expect(received == ByteBuffer(bytes: content))
      #expect(events <= 2 * (form.count / length + 1) + 4)
    }
  }

  @Test(arguments: [1, 3, 50, 200]) func `a delimiter longer than every chunk is found`(chunkLength: Int) throws {
    let boundary = try MultipartBoundary(String(repeating: "-", count: 200))
    let writer = MultipartWriter(boundary: boundary)
    let content = Array("x\r\n".utf8) + [UInt8](repeating: 45, count: 201) + Array("x\r\n--".utf8)
    var form = writer.head(fieldName: "f", filename: "f", contentType: "a/b", isFirst: true)
    form += content
    form += writer.tail
    let transcript = Transcript(of: form.chunks(of: chunkLength), boundary: boundary)
    #expect(transcript.failure == nil)
    #expect(transcript.files.map(\.content) == [content])
  }

  @Test func `a preamble of 1 MiB is rejected once it exceeds 8 KiB`() throws {
    let junk = [UInt8](repeating: 120, count: 1 << 20)
    let boundary = try MultipartBoundary("b")
    var parser = MultipartParser(boundary: boundary)
    var fed = 0
    let error = #expect(throws: UploadError.self) {
      for chunk in junk.chunks(of: 1024) {
        parser.append(ByteBuffer(bytes: chunk))
        fed += chunk.count
        while try parser.next() != nil {}
      }
    }
    #expect(error?.code == .malformedForm)
    #expect(fed == 9 << 10)
  }

  @Test func `a long epilogue full of boundaries is discarded`() throws {
    let junk = Array(String(repeating: "\r\n--b\r\n", count: 1 << 17).utf8)
    var parser = MultipartParser(boundary: try MultipartBoundary("b"))
    parser.append(ByteBuffer(bytes: Array("--b--".utf8) + junk))
    #expect(try parser.next() == .ended)
    #expect(try parser.next() == nil)
    try parser.finish()
    #expect(parser.bytesConsumed == UInt64("--b--".utf8.count + junk.count))
  }

  @Test func `a header without an end is rejected once it exceeds 8 KiB`() throws {
    var parser = MultipartParser(boundary: try MultipartBoundary("b"))
    parser.append(ByteBuffer(string: "--b\r\nA: "))
    var fed = 0
    let error = #expect(throws: UploadError.self) {
      while fed < 1 << 20 {
        while try parser.next() != nil {}
        parser.append(ByteBuffer(repeating: 120, count: 512))
        fed += 512
      }
    }
    #expect(error?.code == .tooLarge)
    #expect(fed <= (8 << 10) + 1024)
  }

  @Test func `a form of 10,001 empty parts is rejected`() throws {
    let form = Array(String(repeating: "--b\r\n\r\n", count: 10_001).utf8)
    #expect(Transcript(of: [form], boundary: try MultipartBoundary("b")).failure == .tooLarge)
  }

  /// Thousands of unescaped, escaped and unbalanced quotes: quadratic time would be hours here.
  @Test(arguments: [";a=\"\\\"", "\"", "\\\"", ";a=\"", "\\", ";", "=", "\" ", "\";"])
  func `a Content-Disposition of 200,000 bytes full of quotes or separators is parsed`(pattern: String) {
    let field = Array(("form-data; filename=\"" + String(repeating: pattern, count: 200_000 / pattern.utf8.count)).utf8)
    #expect(ContentDisposition(part: field).filename != nil)
  }
}
