import NIOCore
import Testing
import UploadCore

@testable import UploadProtocol

/// Chunk boundaries do not change the events, and content is returned without a copy.
@Suite struct MultipartSplitTests {
  static let forms = ClientForm.all

  @Test(arguments: forms) func `a form split at any byte, or into short chunks, gives the same events`(form: ClientForm)
    throws
  {
    let boundary = try MultipartBoundary(contentType: form.contentType)
    let whole = Transcript(of: [form.body], boundary: boundary)
    #expect(whole.failure == nil)
    for split in 1..<form.body.count {
      let chunks = [Array(form.body[..<split]), Array(form.body[split...])]
      #expect(Transcript(of: chunks, boundary: boundary) == whole, "split at \(split)")
    }
    for length in [1, 2, 3, 7] {
      #expect(Transcript(of: form.body.chunks(of: length), boundary: boundary) == whole, "chunks of \(length)")
    }
  }

  @Test(arguments: forms) func `a form that ends anywhere before the end of its closing boundary is incomplete`(
    form: ClientForm
  ) throws {
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

  @Test func `appending before all events are read loses no bytes`() throws {
    let form = try #require(ClientForm.all.first)
    let boundary = try MultipartBoundary(contentType: form.contentType)
    var parser = MultipartParser(boundary: boundary)
    for chunk in form.body.chunks(of: 5) { parser.append(ByteBuffer(bytes: chunk)) }
    var content: [UInt8] = []
    while let event = try parser.next() {
      if case .body(let buffer) = event { content += buffer.readableBytesView }
    }
    try parser.finish()
    #expect(content == Transcript(of: [form.body], boundary: boundary).files.flatMap(\.content))
  }

  /// With the length of the request, the server computes from this the maximum size of a file.
  @Test(arguments: ["f", ""]) func `after each event the number of consumed bytes is the offset of the event's end`(
    filename: String
  ) throws {
    let head = Array("--b\r\nContent-Disposition: form-data; filename=\"\(filename)\"\r\n\r\n".utf8)
    let form = head + Array("--\r\n--\r\n--b--\r\n".utf8)
    for length in 1...form.count {
      var parser = MultipartParser(boundary: try MultipartBoundary("b"))
      var expected = 0
      for chunk in form.chunks(of: length) {
        parser.append(ByteBuffer(bytes: chunk))
        while let event = try parser.next() {
          switch event {
          case .field: Issue.record("no field is reported")
          case .partBegan: expected = head.count
          case .body(let content): expected += content.readableBytes
          case .partEnded: expected = form.count - 4
          case .ended: expected = form.count - 2
          }
          #expect(parser.bytesConsumed == UInt64(expected), "\(event) in chunks of \(length)")
        }
      }
      try parser.finish()
      #expect(parser.bytesConsumed == UInt64(form.count))
    }
  }

  @Test func `content is returned in the storage in which it arrived`() throws {
    var parser = try Self.parserInsideAFile()
    // A slice of a buffer beyond 16 MiB would be a copy.
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

  @Test func `content behind headers in the same buffer is returned in the storage of that buffer`() throws {
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

  @Test func `bytes that began like a delimiter but are content are returned from one shared buffer`() throws {
    var parser = try Self.parserInsideAFile()
    var addresses: Set<UInt> = []
    for _ in 0..<3 {
      parser.append(ByteBuffer(string: "x\r\n-"))
      while try parser.next() != nil {}
      parser.append(ByteBuffer(string: "y"))
      guard case .body(let pending)? = try parser.next() else {
        Issue.record("no content")
        return
      }
      #expect(pending == ByteBuffer(string: "\r\n-"))
      addresses.insert(pending.address)
      while try parser.next() != nil {}
    }
    #expect(addresses.count == 1)
  }

  @Test func `a parser releases an appended buffer once all its events are read`() throws {
    var parser = try Self.parserInsideAFile()
    var buffer = ByteBuffer(string: "content\r")
    let address = buffer.address
    parser.append(buffer)
    while try parser.next() != nil {}
    // A write to shared storage would copy it.
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
  /// The address of the readable bytes.
  fileprivate var address: UInt {
    withUnsafeReadableBytes { UInt(bitPattern: $0.baseAddress) }
  }
}
