import NIOCore
import Testing
import UploadCore

@testable import UploadProtocol

/// The parser finds the files of real clients with their intended names.
@Suite struct MultipartClientTests {
  @Test(arguments: ClientForm.all) func `the files in the forms of real clients are found with their names and types`(
    form: ClientForm
  ) throws {
    let transcript = Transcript(of: [form.body], boundary: try MultipartBoundary(contentType: form.contentType))
    #expect(transcript.failure == nil)
    #expect(transcript.entries.last == .ended)
    let files = transcript.files.map {
      ClientForm.File(
        field: $0.head.fieldName,
        name: $0.head.filename?.description,
        type: $0.head.contentType,
        length: $0.head.contentLength,
        content: $0.content.text
      )
    }
    #expect(files == form.files)
  }

  @Test func `a written form is parsed into the same files, except that %22 in a name becomes a quote`() throws {
    let writer = MultipartWriter(boundary: .random())
    let names = ["a \"b\"\r\n%22\\", "", "日本語 🎉.bin", "\\\"", "trailing\\", "a\"; filename=\"b"]
    var body: [UInt8] = []
    for (index, name) in names.enumerated() {
      let name = NameBytes(name)
      body += writer.head(fieldName: "f\(index)", filename: name, contentType: "text/plain", isFirst: index == 0)
      body += Array("content \(index)".utf8)
    }
    body += writer.tail

    let boundary = try MultipartBoundary(contentType: writer.boundary.contentType)
    let transcript = Transcript(of: [body], boundary: boundary)
    #expect(transcript.failure == nil)
    // The browsers' encoding cannot express %22 in a name; it is decoded as a quote.
    #expect(transcript.files.map(\.head.filename) == (["a \"b\"\r\n\"\\"] + names.dropFirst()).map { NameBytes($0) })
    #expect(transcript.files.map(\.head.fieldName) == names.indices.map { "f\($0)" })
    #expect(transcript.files.map(\.content.text) == names.indices.map { "content \($0)" })
  }

  @Test func `the size of a single file follows from the length of its form and the bytes consumed before it`() throws {
    let writer = MultipartWriter(boundary: .random())
    let head = writer.head(fieldName: "f", filename: "a", contentType: "text/plain", isFirst: true)
    let total = head.count + 1000 + writer.tail.count
    var parser = MultipartParser(boundary: writer.boundary)
    parser.append(ByteBuffer(bytes: head))
    _ = try parser.next()
    #expect(parser.bytesConsumed == UInt64(head.count))
    // Two more for the CRLF after the closing delimiter, which need not be there.
    #expect(total - Int(parser.bytesConsumed) - writer.boundary.closingDelimiterLength == 1000 + 2)
    #expect(writer.tail.count == writer.boundary.closingDelimiterLength + 2)
  }
}
