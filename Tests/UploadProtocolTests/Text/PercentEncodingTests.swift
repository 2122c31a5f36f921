import Testing

@testable import UploadProtocol

@Suite struct PercentEncodingTests {
  @Test(arguments: [
    ("", ""), ("abc", "abc"), ("a%20b", "a b"), ("%C3%BC", "ü"), ("%c3%bc", "ü"), ("%2F%2e%2E", "/.."), ("a+b", "a+b"),
    ("%25%32%30", "%20"), ("%00", "\u{0}"), ("ü", "ü"), ("%FF", "\u{FFFD}"), ("a%C3", "a\u{FFFD}"),
  ]) func decoded(text: String, expected: String) {
    #expect(PercentEncoding.decode(text) == expected)
  }

  @Test(arguments: ["%", "a%", "%2", "%2g", "%g2", "%%20", "%+1", "%-1", "% 1", "%u20AC", "%\u{0660}1"])
  func malformed(text: String) {
    #expect(PercentEncoding.decode(text) == nil)
    #expect(PercentEncoding.decode(text, plusIsSpace: true) == nil)
  }

  @Test func plusIsASpaceInQueriesOnly() {
    #expect(PercentEncoding.decode("a+b%2B", plusIsSpace: true) == "a b+")
    #expect(PercentEncoding.decode("a+b%2B") == "a+b+")
  }

  @Test func onlyTheUnreservedStay() {
    let unreserved = "ABCXYZabcxyz0189-._~"
    #expect(PercentEncoding.encode(unreserved) == unreserved)
    #expect(PercentEncoding.encode("a b/c?d&e=f+g%#\u{7F}") == "a%20b%2Fc%3Fd%26e%3Df%2Bg%25%23%7F")
    #expect(PercentEncoding.encode("ü🎉") == "%C3%BC%F0%9F%8E%89")
  }

  @Test(arguments: ["", "日本語 ?&=+%/#.txt", "\u{0}\r\n\"\\", "e\u{301}"]) func thereAndBack(text: String) {
    let encoded = PercentEncoding.encode(text)
    #expect(PercentEncoding.decode(encoded)?.utf8.elementsEqual(text.utf8) == true)
    #expect(PercentEncoding.decode(encoded, plusIsSpace: true)?.utf8.elementsEqual(text.utf8) == true)
  }
}
