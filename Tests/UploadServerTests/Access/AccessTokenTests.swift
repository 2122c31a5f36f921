import Testing
import UploadCore

@testable import UploadServer

@Suite struct AccessTokenTests {
  @Test func `generated tokens differ, have 26 characters and pass the rules for chosen ones`() throws {
    let made = (0..<100).map { _ in AccessToken().text }
    #expect(Set(made).count == 100)
    for text in made {
      #expect(text.count == 26)
      #expect(try AccessToken(text).matches(text))
    }
  }

  @Test(arguments: ["", "short", "has space", "percent%20", "quote\"quote", "ümläuteüü", "text\ntext", "a+b/c==dd"])
  func `a short token, or one that a URL or header would change, is rejected, and the message does not repeat it`(
    text: String
  ) {
    do {
      _ = try AccessToken(text)
      Issue.record("accepted")
    } catch {
      #expect(error.code == .badValue)
      #expect(text.isEmpty || !error.message.contains(text))
    }
  }

  @Test func `only the identical token matches`() throws {
    let token = try AccessToken("abcdefgh")
    #expect(token.matches("abcdefgh"))
    for other in ["", "abcdefg", "abcdefgi", "bbcdefgh", "abcdefghi", "ABCDEFGH", "abcdefgh\0"] {
      #expect(!token.matches(other), "\(other)")
    }
  }
}
