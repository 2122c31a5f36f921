import NIOCore
import Testing
import UploadCore

@testable import UploadProtocol

/// Bytes that have broken other parsers.
@Suite struct MultipartAttackTests {
  private static let head = Array("--b\r\nContent-Disposition: form-data; filename=\"f\"\r\n\r\n".utf8)

  /// A pattern over and over inside of a file comes out as it went in, however it is cut, and in few events: as many as
  /// there are pieces, and one for what was held back from each before.
  @Test(arguments: ["\r", "\n", "\r\n", "\r\n-", "\r\n--", "-", "\r\n--B", "\r\r\n", "\r\n--\r\n--B", "b", "-b"])
  func `content full of candidates is searched in linear time`(pattern: String) throws {
    let boundary = try MultipartBoundary("b")
    // A space first: right after the headers a line begins, and with it maybe a delimiter.
    let content = [32] + Array(String(repeating: pattern, count: 140_000 / pattern.utf8.count).utf8)
    let form = Self.head + content + Array("\r\n--b--".utf8)
    for length in [form.count, 65_536, 4099] {
      var parser = MultipartParser(boundary: boundary)
      var events = 0
      var received = ByteBuffer()
      for piece in form.pieces(of: length) {
        parser.append(ByteBuffer(bytes: piece))
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

  @Test(arguments: [1, 3, 50, 200]) func `a boundary longer than every buffer`(pieceLength: Int) throws {
    let boundary = try MultipartBoundary(String(repeating: "-", count: 200))
    let writer = MultipartWriter(boundary: boundary)
    let content = Array("x\r\n".utf8) + [UInt8](repeating: 45, count: 201) + Array("x\r\n--".utf8)
    var form = writer.head(fieldName: "f", filename: "f", contentType: "a/b", isFirst: true)
    form += content
    form += writer.tail
    let transcript = Transcript(of: form.pieces(of: pieceLength), boundary: boundary)
    #expect(transcript.failure == nil)
    #expect(transcript.files.map(\.content) == [content])
  }

  @Test func `a megabyte of junk before`() throws {
    let junk = [UInt8](repeating: 120, count: 1 << 20)
    let boundary = try MultipartBoundary("b")
    var parser = MultipartParser(boundary: boundary)
    var fed = 0
    let error = #expect(throws: UploadError.self) {
      for piece in junk.pieces(of: 1024) {
        parser.append(ByteBuffer(bytes: piece))
        fed += piece.count
        while try parser.next() != nil {}
      }
    }
    #expect(error?.code == .malformedForm)
    #expect(fed == 9 << 10)
  }

  @Test func `a megabyte of junk after`() throws {
    let junk = Array(String(repeating: "\r\n--b\r\n", count: 1 << 17).utf8)
    var parser = MultipartParser(boundary: try MultipartBoundary("b"))
    parser.append(ByteBuffer(bytes: Array("--b--".utf8) + junk))
    #expect(try parser.next() == .ended)
    #expect(try parser.next() == nil)
    try parser.finish()
    #expect(parser.epilogueBytes == UInt64(junk.count))
  }

  @Test func `headers without end`() throws {
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

  @Test func `thousands of tiny parts`() throws {
    let form = Array(String(repeating: "--b\r\n\r\n", count: 10_001).utf8)
    #expect(Transcript(of: [form], boundary: try MultipartBoundary("b")).failure == .tooLarge)
  }

  /// Unescaped, escaped and unbalanced quotes by the thousand: quadratic work would take hours here.
  @Test(arguments: [";a=\"\\\"", "\"", "\\\"", ";a=\"", "\\", ";", "=", "\" ", "\";"])
  func `headers full of quotes`(pattern: String) {
    let field = Array(("form-data; filename=\"" + String(repeating: pattern, count: 200_000 / pattern.utf8.count)).utf8)
    #expect(ContentDisposition(part: field).filename != nil)
  }
}
