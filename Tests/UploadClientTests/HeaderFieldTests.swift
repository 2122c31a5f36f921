import Testing
import UploadCore
import UploadTestSupport

@testable import UploadClient

@Suite struct HeaderFieldTests {
  @Test(arguments: [
    ("X-Team: blue", "X-Team", "blue"),
    ("X-Empty:", "X-Empty", ""),
    ("Authorization:Basic a:b", "Authorization", "Basic a:b"),
    ("X-Blank: \t a  b \t ", "X-Blank", "a  b"),
    ("X-Text: gr\u{FC}n", "X-Text", "gr\u{FC}n"),
  ])
  func `a valid header is parsed, without the blanks around its value`(line: String, name: String, value: String) throws
  {
    let field = try HeaderField(line)
    #expect(field.name == name)
    #expect(field.value == value)
  }

  @Test(arguments: [
    "", "X-Team", ": value", "X Team: blue", " X-Team: blue", "X-Team : blue", "X-T\u{E9}am: blue",
    "X-Team: a\r\nEvil: b", "X-Team: a\nb", "X-Team: a\rb", "X-Team: \u{0}", "X-Team: \u{7F}", "X-Te\r\nam: a",
    "Content-Length: 5", "transfer-encoding: chunked", "CONNECTION: keep-alive", "Expect: 100-continue",
    "Upgrade: websocket", "Trailer: x", "TE: trailers",
  ])
  func `a header that is malformed or that only sluice sets is rejected`(line: String) throws {
    let error = try #require(UploadError.thrown { () throws(UploadError) in try HeaderField(line) })
    #expect(error.code == .badValue)
    #expect(!error.message.unicodeScalars.contains { $0.value < 0x20 })
  }

  @Test(arguments: ["HEAD", "connect", "TRACE", "", "PO ST", "P\r\nX"])
  func `a method that is no token or cannot carry a file is rejected`(method: String) throws {
    var configuration = UploadClientConfiguration()
    configuration.method = method
    let error = try #require(UploadError.thrown { () throws(UploadError) in try configuration.validate() })
    #expect(error.code == .badValue)
  }

  @Test(arguments: ["", "text/plain\r\nX: y", "a\u{0}"])
  func `a media type that is empty or has control characters is rejected`(type: String) throws {
    var configuration = UploadClientConfiguration()
    configuration.contentType = type
    let error = try #require(UploadError.thrown { () throws(UploadError) in try configuration.validate() })
    #expect(error.code == .badValue)
  }

  @Test func `a configuration with a method and a media type is valid`() throws {
    var configuration = UploadClientConfiguration()
    configuration.method = "PUT"
    configuration.contentType = "text/plain; charset=utf-8"
    try configuration.validate()
  }
}
