import NIOCore
import Testing
import UploadCore

@testable import UploadProtocol

/// How a form is cut on its way changes nothing; and what comes out is what went in, not a copy.
@Suite struct MultipartSplitTests {
  static let forms = ClientForm.all

  @Test(arguments: forms) func `every cut gives the same`(form: ClientForm) throws {
    let boundary = try MultipartBoundary(contentType: form.contentType)
    let whole = Transcript(of: [form.body], boundary: boundary)
    #expect(whole.failure == nil)
    for cut in 1..<form.body.count {
      let pieces = [Array(form.body[..<cut]), Array(form.body[cut...])]
      #expect(Transcript(of: pieces, boundary: boundary) == whole, "cut at \(cut)")
    }
    for length in [1, 2, 3, 7] {
      #expect(Transcript(of: form.body.pieces(of: length), boundary: boundary) == whole, "pieces of \(length)")
    }
  }

  @Test(arguments: forms) func `every beginning is incomplete`(form: ClientForm) throws {
    let boundary = try MultipartBoundary(contentType: form.contentType)
    let closing = Array("--".utf8) + boundary.bytes + Array("--".utf8)
    let lastStart = try #require(form.body.indices.last { form.body[$0...].starts(with: closing) })
    for end in 0..<lastStart + closing.count {
      let transcript = Transcript(of: [Array(form.body[..<end])], boundary: boundary)
      #expect(transcript.failure == .incomplete, "\(end) bytes")
      #expect(!transcript.entries.contains(.ended))
    }
    let complete = Array(form.body[..<(lastStart + closing.count)])
    #expect(Transcript(of: [complete], boundary: boundary).failure == nil)
  }

  @Test func `appending before the last buffer is read loses nothing`() throws {
    let form = try #require(ClientForm.all.first)
    let boundary = try MultipartBoundary(contentType: form.contentType)
    var parser = MultipartParser(boundary: boundary)
    for piece in form.body.pieces(of: 5) { parser.append(ByteBuffer(bytes: piece)) }
    var content: [UInt8] = []
    while let event = try parser.next() {
      if case .body(let buffer) = event { content += buffer.readableBytesView }
    }
    try parser.finish()
    #expect(content == Transcript(of: [form.body], boundary: boundary).files.flatMap(\.content))
  }

  /// Whoever knows the request's length computes from this how long a file can be.
  @Test(arguments: ["f", ""]) func `the bytes consumed are those before the content`(filename: String) throws {
    let head = Array("--b\r\nContent-Disposition: form-data; filename=\"\(filename)\"\r\n\r\n".utf8)
    let form = head + Array("--\r\n--\r\n--b--\r\n".utf8)
    for length in 1...form.count {
      var parser = MultipartParser(boundary: try MultipartBoundary("b"))
      var expected = 0
      for piece in form.pieces(of: length) {
        parser.append(ByteBuffer(bytes: piece))
        while let event = try parser.next() {
          switch event {
          case .partBegan: expected = head.count
          case .body(let content): expected += content.readableBytes
          case .partEnded: expected = form.count - 4
          case .ended: expected = form.count - 2
          }
          #expect(parser.bytesConsumed == UInt64(expected), "\(event) in pieces of \(length)")
        }
      }
      try parser.finish()
      #expect(parser.bytesConsumed == UInt64(form.count))
    }
  }

  @Test func `content keeps the storage it came in`() throws {
    var parser = try Self.parserInsideAFile()
    // Beyond 16 MiB a slice of a buffer would be a copy.
    let size = 17 << 20
    var input = ByteBuffer(repeating: 0x61, count: size)
    input.writeString("\r\n--b--")
    parser.append(input)

    guard case .body(let content)? = try parser.next() else {
      Issue.record("no content")
      return
    }
    #expect(content.readableBytes == size)
    #expect(content.address == input.address)
    #expect(try parser.next() == .partEnded)
    #expect(try parser.next() == .ended)
  }

  @Test func `content behind the headers keeps its storage too`() throws {
    let head = Self.head
    let input = ByteBuffer(bytes: head + Array("content\r\n--b--".utf8))
    var parser = MultipartParser(boundary: try MultipartBoundary("b"))
    parser.append(input)
    _ = try parser.next()
    guard case .body(let content)? = try parser.next() else {
      Issue.record("no content")
      return
    }
    #expect(content.address == input.address + UInt(head.count))
  }

  @Test func `what was held back comes from one buffer`() throws {
    var parser = try Self.parserInsideAFile()
    var addresses: Set<UInt> = []
    for _ in 0..<3 {
      parser.append(ByteBuffer(string: "x\r\n-"))
      while try parser.next() != nil {}
      parser.append(ByteBuffer(string: "y"))
      guard case .body(let held)? = try parser.next() else {
        Issue.record("no content")
        return
      }
      #expect(held == ByteBuffer(string: "\r\n-"))
      addresses.insert(held.address)
      while try parser.next() != nil {}
    }
    #expect(addresses.count == 1)
  }

  @Test func `a drained parser releases its buffer`() throws {
    var parser = try Self.parserInsideAFile()
    var buffer = ByteBuffer(string: "content\r")
    let address = buffer.address
    parser.append(buffer)
    while try parser.next() != nil {}
    // Were the storage still shared, writing would copy it.
    buffer.setInteger(UInt8(0), at: buffer.readerIndex)
    #expect(buffer.address == address)
  }

  private static let head = Array("--b\r\nContent-Disposition: form-data; filename=\"f\"\r\n\r\n".utf8)

  private static func parserInsideAFile() throws -> MultipartParser {
    var parser = MultipartParser(boundary: try MultipartBoundary("b"))
    parser.append(ByteBuffer(bytes: head))
    #expect(try parser.next() == .partBegan(MultipartPartHead(filename: "f")))
    #expect(try parser.next() == nil)
    return parser
  }
}

extension ByteBuffer {
  /// Where the readable bytes lie in memory.
  fileprivate var address: UInt {
    withUnsafeReadableBytes { UInt(bitPattern: $0.baseAddress) }
  }
}
