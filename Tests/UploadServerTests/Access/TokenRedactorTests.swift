import Testing
import UploadCore

@testable import UploadServer

@Suite struct TokenRedactorTests {
  private static let token = "Secret-token_1"
  private let redactor: TokenRedactor

  init() throws {
    redactor = TokenRedactor([try AccessToken(Self.token)])
  }

  @Test(arguments: [
    ("/", "/"), ("/a%20b.bin", "/a%20b.bin"), ("/a?token=\(token)", "/a"), ("/a?name=b&token=guess", "/a"),
    ("/a#\(token)", "/a"), ("*", "*"), ("/%zz", "/%zz"), ("/100%", "/100%"), ("/a\u{1B}[2J", "/a\u{FFFD}[2J"),
    ("/a?\u{301}token=guess", "/a"),
  ])
  func `a path is shown without query and fragment`(target: String, shown: String) {
    #expect(redactor.path(target) == shown)
  }

  @Test(arguments: [
    "/\(token)", "/a/secret-TOKEN_1.bin", "/%53ecret-token_1", "/%2553ecret-token_1", "/%zz/%53ecret-token%5F1",
    "/\(token)\u{301}", "/Secret%2Dtoken_1%CC%81", "/token=\u{301}guess", "/%3Ftoken=guess", "/%3ftoken%3Dguess",
    "/%253Ftoken%253Dguess", "/files/token=guess",
    "/\("Secret-token_1".utf8.map { "%" + String($0, radix: 16) }.joined())",
  ])
  func `a path that contains the token or a token parameter is not shown, even percent-encoded`(target: String) {
    #expect(redactor.path(target) == "/[redacted]")
  }

  @Test func `credentials in the absolute form of a target are not shown`() {
    #expect(redactor.path("http://user:guess@host/path") == "[redacted]")
    #expect(redactor.path("http://user:guess@\u{301}host/path") == "[redacted]")
    #expect(redactor.path("http://host/path?token=guess") == "http://host/path")
    #expect(redactor.text(#"The request target "http://user:guess@host/" is not a path."#) == "[redacted]")
  }

  @Test func `methods and messages with a token are not shown, and long texts are truncated`() {
    #expect(redactor.text("PUT") == "PUT")
    #expect(redactor.text(Self.token) == "[redacted]")
    #expect(redactor.text("Add ?token=TOKEN, or ask.") == "Add ?token=TOKEN, or ask.")
    #expect(redactor.text("Add ?token=TOKEN, or ?token=guess.") == "[redacted]")
    let path = "/" + String(repeating: "é", count: 1000)
    #expect(redactor.path(path).utf8.count < 300)
    #expect(TokenRedactor([]).path("/\(Self.token)") == "/\(Self.token)")
    #expect(TokenRedactor([]).path("/%3Ftoken=guess") == "/[redacted]")
  }
}
