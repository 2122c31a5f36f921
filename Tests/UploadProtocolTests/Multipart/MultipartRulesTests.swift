import NIOCore
import Testing
import UploadCore

@testable import UploadProtocol

/// The rules of HTML forms one by one, on the smallest form that shows each.
@Suite struct MultipartRulesTests {
  private func transcript(_ body: String) throws -> Transcript {
    Transcript(of: [Array(body.utf8)], boundary: try MultipartBoundary("b"))
  }

  private func file(headers: String, content: String = "x") throws -> Transcript {
    try transcript("--b\r\n\(headers)\r\n\r\n\(content)\r\n--b--\r\n")
  }

  private static let disposition = "Content-Disposition: form-data; name=\"n\"; filename=\"f\""

  // Rule 4: which parts are files.

  @Test func `a file without a field name is accepted`() throws {
    let files = try file(headers: "Content-Disposition: form-data; filename=\"f\"").files
    #expect(files.map(\.head) == [MultipartPartHead(filename: "f")])
  }

  @Test func `an empty field name is accepted`() throws {
    let files = try file(headers: "Content-Disposition: form-data; name=\"\"; filename=\"f\"").files
    #expect(files.map(\.head) == [MultipartPartHead(fieldName: "", filename: "f")])
  }

  @Test func `a part with an empty file name and content is a file`() throws {
    let transcript = try file(headers: "Content-Disposition: form-data; name=\"n\"; filename=\"\"", content: "\r\n--")
    #expect(transcript.files.map(\.head) == [MultipartPartHead(fieldName: "n", filename: "")])
    #expect(transcript.files.map(\.content.text) == ["\r\n--"])
  }

  @Test func `a part with an empty file name and no content is not a file`() throws {
    let header = "Content-Disposition: form-data; name=\"n\"; filename=\"\""
    #expect(try file(headers: header, content: "").entries == [.ended])
    #expect(try transcript("--b\r\n\(header)\r\n\r\n--b--").entries == [.ended])
  }

  @Test func `a part with a file name and no content is a file`() throws {
    let transcript = try file(headers: Self.disposition, content: "")
    #expect(transcript.files.map(\.content) == [[]])
  }

  @Test func `parts without a file name are text fields, which are not reported`() throws {
    #expect(try file(headers: "Content-Disposition: form-data; name=\"n\"").entries == [.ended])
    #expect(try file(headers: "X-Any: thing").entries == [.ended])
    #expect(try transcript("--b\r\n\r\nno headers\r\n--b--").entries == [.ended])
  }

  @Test func `the first of repeated headers of a part counts`() throws {
    let headers = "\(Self.disposition)\r\nContent-Disposition: form-data; filename=\"g\"\r\nContent-Type: a/b"
    let head = try file(headers: "\(headers)\r\nContent-Type: c/d").files.first?.head
    #expect(head == MultipartPartHead(fieldName: "n", filename: "f", contentType: "a/b"))
  }

  @Test(
    arguments: [
      ("7", 7), ("18446744073709551615", UInt64.max), ("18446744073709551616", nil), ("-1", nil), ("+1", nil),
      ("", nil), ("1 2", nil), ("0x1", nil),
    ] as [(String, UInt64?)]
  ) func `a part's Content-Length is read if it is a number of up to 64 bits, otherwise ignored`(
    text: String,
    length: UInt64?
  ) throws {
    #expect(
      try file(headers: "\(Self.disposition)\r\nContent-Length: \(text)").files.first?.head.contentLength == length
    )
  }

  // Rules 5 and 6: text around the parts.

  @Test func `preamble and epilogue are discarded`() throws {
    let body = "preamble\r\n--b\r\n\(Self.disposition)\r\n\r\nx\r\n--b--\r\n--b\r\nepilogue --b--"
    #expect(try transcript(body).files.map(\.content.text) == ["x"])
    #expect(try transcript(body).failure == nil)
  }

  @Test func `the bytes of the epilogue count as consumed bytes`() throws {
    var parser = MultipartParser(boundary: try MultipartBoundary("b"))
    for chunk in ["--b--", "\r\n", "junk"] { parser.append(ByteBuffer(string: chunk)) }
    #expect(try parser.next() == .ended)
    #expect(try parser.next() == nil)
    try parser.finish()
    #expect(parser.bytesConsumed == 11)
  }

  @Test func `spaces and tabs after a boundary are allowed`() throws {
    let transcript = try transcript("--b \t \r\n\(Self.disposition)\r\n\r\nx\r\n--b-- \t")
    #expect(transcript.files.map(\.content.text) == ["x"])
  }

  @Test(arguments: ["", "\r\n", "\r\n\r\n", "\n", " "])
  func `line ends, blanks or nothing after the closing boundary are accepted`(
    end: String
  )
    throws
  {
    #expect(try transcript("--b\r\n\(Self.disposition)\r\n\r\nx\r\n--b--\(end)").files.count == 1)
  }

  @Test(arguments: [
    "", "preamble", "--b", "--b\r\n", "--b\r\nA: b\r\n\r\nx", "--b\r\nA: b\r\n\r\nx\r\n--b-", "\n--b--",
  ])
  func `a form without the closing boundary is incomplete`(body: String) throws {
    #expect(try transcript(body).failure == .incomplete)
  }

  @Test func `a form without parts is complete`() throws {
    #expect(try transcript("--b--\r\n") == Transcript(entries: [.ended]))
  }

  // Rule 7: input that is rejected because other receivers might interpret it differently.

  @Test(arguments: [
    "--bXYZ\r\n", "--b-\r\n", "--b -- \r\n", "--b\n", "--b \n", "--b\r\r\n", "--b\rX", "preamble\r\n--bc",
    "--b\r\nA: b\r\n\r\nx\r\n--bc",
  ]) func `a boundary followed by other text is rejected`(body: String) throws {
    #expect(try transcript(body).failure == .malformedForm)
  }

  @Test(arguments: [
    "A: b\nC: d", "A: b\n", "A: b\r\n folded", "A: b\r\n\tfolded", " A: b", "no colon", ": no name", "A : b",
    "A\u{1}: b", "A: b\rC: d", "--b--",
  ]) func `a part with a malformed header is rejected`(headers: String) throws {
    #expect(try file(headers: headers).failure == .malformedForm)
  }

  // Rule 10: content and names of parts.

  @Test(arguments: ["base64", "BASE64", "quoted-printable", "base64 ; x"])
  func `parts with an encoding that must be decoded are rejected`(
    encoding: String
  ) throws {
    let header = "\(Self.disposition)\r\nContent-Transfer-Encoding: \(encoding)"
    #expect(try file(headers: header).failure == .unsupportedType)
  }

  @Test(arguments: ["multipart/mixed; boundary=y", "Multipart/Mixed ;boundary=y", "multipart/mixed"])
  func `a nested form is rejected, and a file of that type is stored under its name`(type: String) throws {
    let nested = "Content-Disposition: form-data; name=\"files\"\r\nContent-Type: \(type)"
    #expect(try file(headers: nested).failure == .unsupportedType)
    let transcript = try file(headers: "\(Self.disposition)\r\nContent-Type: \(type)")
    #expect(transcript.failure == nil && transcript.files.count == 1)
  }

  @Test(arguments: ["binary", "8bit", "7bit", "Binary"]) func `parts that are not encoded are accepted`(
    encoding: String
  ) throws {
    let transcript = try file(headers: "\(Self.disposition)\r\nContent-Transfer-Encoding: \(encoding)")
    #expect(transcript.files.count == 1)
  }

  @Test func `a file name that is not UTF-8 keeps its bytes`() throws {
    let body =
      Array("--b\r\nContent-Disposition: form-data; name=\"\u{00FF}\"; filename=\"a".utf8) + [0xFF, 0xC3]
      + Array(".txt\"\r\n\r\nx\r\n--b--".utf8)
    let transcript = Transcript(of: [body], boundary: try MultipartBoundary("b"))
    #expect(transcript.files.map(\.head.filename) == [NameBytes([0x61, 0xFF, 0xC3] + Array(".txt".utf8))])
  }

  // Errors.

  @Test func `after an error of next, both next and finish throw`() throws {
    var parser = MultipartParser(boundary: try MultipartBoundary("b"))
    parser.append(ByteBuffer(string: "--bX"))
    #expect(throws: UploadError.self) { try parser.next() }
    parser.append(ByteBuffer(string: "\r\n--b--"))
    #expect(throws: UploadError.self) { try parser.next() }
    #expect(throws: UploadError.self) { try parser.finish() }
  }

  @Test func `an error message contains no control characters and only the beginning of a long header line`() throws {
    var parser = MultipartParser(boundary: try MultipartBoundary("b"))
    parser.append(ByteBuffer(string: "--b\r\nevil\u{1B}]0;x\u{7}" + String(repeating: "y", count: 5000) + "\r\n"))
    let error = try #require(throws: UploadError.self) { try parser.next() }
    #expect(!error.message.contains("\u{1B}"))
    #expect(error.message.contains("evil\u{FFFD}]0;x\u{FFFD}yyy"))
    #expect(error.message.utf8.count < 300)
  }
}
