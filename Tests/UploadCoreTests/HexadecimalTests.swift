import Testing
import UploadCore

@Suite struct HexadecimalTests {
  @Test func `every byte has two digits, in lower case`() {
    #expect(Hexadecimal.text([0x00, 0x0F, 0xA0, 0xFF]) == "000fa0ff")
  }

  @Test func `digits of either case make a byte, anything else does not`() {
    #expect(Hexadecimal.byte(UInt8(ascii: "a"), UInt8(ascii: "F")) == 0xAF)
    #expect(Hexadecimal.byte(UInt8(ascii: "0"), UInt8(ascii: "g")) == nil)
    #expect(Hexadecimal.byte(UInt8(ascii: "0"), nil) == nil)
  }

  @Test(arguments: [
    ("a%41%2f", "aA/"), ("%", nil), ("%4", nil), ("%4x", nil), ("a_b", "a b"), ("", ""),
  ])
  func `escapes are undone, broken ones are found`(text: String, expected: String?) {
    let bytes = Hexadecimal.undoingEscapes(in: text.utf8, mark: UInt8(ascii: "%"), space: UInt8(ascii: "_"))
    #expect(bytes == expected.map { Array($0.utf8) })
  }
}
