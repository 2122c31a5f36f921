import Testing
import UploadCore

@testable import UploadProtocol

@Suite struct MultipartBoundaryTests {
  @Test(arguments: [
    ("multipart/form-data; boundary=abc", "abc"),
    ("Multipart/FORM-Data;BOUNDARY=abc", "abc"),
    ("multipart/form-data ; charset=utf-8 ;; boundary=\"a b:c;d\"; boundary=second ;", "a b:c;d"),
    ("multipart/form-data; boundary=\"a\\\"b\\\\c\"", "a\"b\\c"),
    ("multipart/form-data; boundary=----WebKitFormBoundary7MA4YWxkTrZu0gW", "----WebKitFormBoundary7MA4YWxkTrZu0gW"),
    ("multipart/form-data; x=\"; boundary=no\"; boundary=yes", "yes"),
    ("multipart/form-data; boundary=\(String(repeating: "x", count: 200))", String(repeating: "x", count: 200)),
  ]) func `a boundary is read from the Content-Type`(contentType: String, expected: String) throws {
    #expect(try MultipartBoundary(contentType: contentType).bytes.text == expected)
  }

  @Test(arguments: [
    "multipart/form-data",
    "multipart/form-data; charset=utf-8",
    "multipart/form-data; boundary=",
    "multipart/form-data; boundary=\"\"",
    "multipart/form-data; boundary=\"abc",
    "multipart/form-data; boundary=\"abc\\",
    "multipart/form-data; boundary=\"a\"b",
    "multipart/form-data; boundary=a b",
    "multipart/form-data; boundary=a, multipart/form-data; boundary=b",
    "multipart/form-data; boundary = abc",
    "multipart/form-data; boundary",
    "multipart/form-data; =abc; boundary=abc",
    "multipart/form-data; boundary=\"a\r\nb\"",
    "multipart/form-data; boundary=\"a\\\nb\"",
    "multipart/form-data; boundary=\"a\u{0}b\"",
    "multipart/form-data; boundary=\(String(repeating: "x", count: 201))",
  ]) func `a Content-Type of a form without a valid boundary is rejected`(contentType: String) {
    let error = #expect(throws: UploadError.self) { try MultipartBoundary(contentType: contentType) }
    #expect(error?.code == .malformedForm)
  }

  @Test(arguments: [
    "", "text/plain", "multipart/mixed; boundary=a", "multipart/form-datax; boundary=a", "application/octet-stream",
    "; boundary=a", "boundary=a",
  ]) func `a Content-Type other than multipart/form-data is rejected`(contentType: String) {
    let error = #expect(throws: UploadError.self) { try MultipartBoundary(contentType: contentType) }
    #expect(error?.code == .unsupportedType)
  }

  @Test(arguments: [[], [13], [97, 10], [0], [UInt8](repeating: 97, count: 201)] as [[UInt8]])
  func `a boundary that is empty, longer than 200 bytes or contains CR, LF or NUL is rejected`(bytes: [UInt8]) {
    #expect(throws: UploadError.self) { try MultipartBoundary(bytes: bytes) }
  }

  @Test func `random boundaries differ and need no quotes`() {
    let boundaries = (0..<100).map { _ in MultipartBoundary.random() }
    #expect(Set(boundaries.map(\.bytes)).count == 100)
    for boundary in boundaries {
      #expect(boundary.bytes.count == 39)
      #expect(boundary.bytes.isToken)
      #expect(boundary.contentType == "multipart/form-data; boundary=\(boundary.bytes.text)")
    }
    // Every digit takes every value somewhere, or less than 128 bits are random.
    for position in 7..<39 {
      #expect(Set(boundaries.map { $0.bytes[position] }).count > 8)
    }
  }

  @Test(arguments: ["abc", "a b", "a\"b\\c", "(x)/y=z?"])
  func `the written Content-Type reads back as the same boundary`(text: String) throws {
    let boundary = try MultipartBoundary(text)
    #expect(try MultipartBoundary(contentType: boundary.contentType) == boundary)
  }

  @Test func `the closing delimiter's length includes the CRLF before it and its dashes`() throws {
    #expect(try MultipartBoundary("abc").closingDelimiterLength == Array("\r\n--abc--".utf8).count)
  }
}
