import Testing
import UploadCore

@testable import UploadProtocol

@Suite struct MultipartWriterTests {
  private func writer() throws -> MultipartWriter {
    MultipartWriter(boundary: try MultipartBoundary("b"))
  }

  @Test func `a form of two files has a delimiter and headers before each`() throws {
    let writer = try writer()
    var form = writer.head(fieldName: "f", filename: "ü.txt", contentType: "text/plain", isFirst: true)
    form += Array("one".utf8)
    form += writer.head(fieldName: "g", filename: "b", contentType: "a/b", isFirst: false)
    form += Array("two".utf8)
    form += writer.tail
    #expect(
      form
        == crlf(
          """
          --b
          Content-Disposition: form-data; name="f"; filename="ü.txt"
          Content-Type: text/plain

          one
          --b
          Content-Disposition: form-data; name="g"; filename="b"
          Content-Type: a/b

          two
          --b--

          """
        )
    )
  }

  @Test func `line ends and quotes in names and types cannot add headers`() throws {
    let evil = "a\"; filename=\"x\"\r\nX-Evil: 1\r\n\r\n--b--\\"
    let head = try writer().head(
      fieldName: evil,
      filename: NameBytes(evil),
      contentType: "a/b\r\nX-Evil: 1\u{0}\u{7F}",
      isFirst: true
    )
    let escaped = #"a%22; filename=%22x%22%0D%0AX-Evil: 1%0D%0A%0D%0A--b--\"#
    #expect(
      head
        == crlf(
          """
          --b
          Content-Disposition: form-data; name="\(escaped)"; filename="\(escaped)"
          Content-Type: a/bX-Evil: 1


          """
        )
    )
  }
}
