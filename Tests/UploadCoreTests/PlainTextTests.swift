import Testing

@testable import UploadCore

@Suite struct PlainTextTests {
  @Test(arguments: ["", "a.bin", "Äpfel und Öl.txt", "写真 📷.jpg", "e\u{301}", "a b\u{A0}c", "~!@#$%^&*()\"'\\/"])
  func `text without control or invisible characters is not changed`(text: String) {
    #expect(PlainText.sanitized(text) == text)
  }

  @Test func `an escape, a bell and a bidirectional override in a text become U+FFFD`() {
    let evil = "evil\u{1B}]0;pwned\u{7}\u{202E}gnp.exe"
    #expect(PlainText.sanitized(evil) == "evil\u{FFFD}]0;pwned\u{FFFD}\u{FFFD}gnp.exe")
  }

  @Test(arguments: [
    0x00...0x1F, 0x7F...0x9F, 0x200B...0x200B, 0x200E...0x200F, 0x2028...0x202E, 0x2060...0x2064, 0x2066...0x2069,
  ])
  func `control, separator and bidirectional scalars are unsafe and become U+FFFD`(range: ClosedRange<UInt32>) throws {
    for value in range {
      let scalar = try #require(Unicode.Scalar(value))
      #expect(PlainText.isUnsafe(scalar), "U+\(String(value, radix: 16))")
      #expect(PlainText.sanitized("a\(scalar)b") == "a\u{FFFD}b")
    }
  }

  @Test(arguments: ["\u{FEFF}", "\u{AD}", "\u{61C}", "\u{180E}", "\u{E0001}", "\u{E0041}"] as [Unicode.Scalar])
  func `soft hyphens, tags and other format characters are unsafe`(scalar: Unicode.Scalar) {
    #expect(PlainText.isUnsafe(scalar))
  }

  @Test func `a CR LF, one character in Swift, becomes two U+FFFD`() {
    #expect(PlainText.sanitized("a\r\nb") == "a\u{FFFD}\u{FFFD}b")
  }
}

@Suite struct MarkupTextTests {
  @Test(arguments: [
    ("", ""), ("plain ü 日本", "plain ü 日本"),
    ("<a href=\"x\">'&'</a>", "&lt;a href=&quot;x&quot;&gt;&#39;&amp;&#39;&lt;/a&gt;"),
    ("&amp;", "&amp;amp;"),
    // A combining character does not hide what it stands behind.
    ("<\u{301}b", "&lt;\u{301}b"),
  ])
  func `markup characters are escaped, and other text is not changed`(text: String, escaped: String) {
    #expect(MarkupText.escaped(text) == escaped)
  }
}

@Suite struct HexadecimalTests {
  @Test func `every byte becomes two hexadecimal digits in lower case`() {
    #expect(Hexadecimal.text([0x00, 0x0F, 0xA0, 0xFF]) == "000fa0ff")
  }

  @Test func `two hexadecimal digits of either case make a byte, and anything else nil`() {
    #expect(Hexadecimal.byte(UInt8(ascii: "a"), UInt8(ascii: "F")) == 0xAF)
    #expect(Hexadecimal.byte(UInt8(ascii: "0"), UInt8(ascii: "g")) == nil)
    #expect(Hexadecimal.byte(UInt8(ascii: "0"), nil) == nil)
  }

  @Test(arguments: [
    ("a%41%2f", "aA/"), ("%", nil), ("%4", nil), ("%4x", nil), ("a_b", "a b"), ("", ""),
  ])
  func `escapes are decoded, and an incomplete one makes the result nil`(text: String, expected: String?) {
    let bytes = Hexadecimal.undoingEscapes(in: text.utf8, mark: UInt8(ascii: "%"), space: UInt8(ascii: "_"))
    #expect(bytes == expected.map { Array($0.utf8) })
  }
}
