import Testing
import UploadCore
import UploadTestSupport

@Suite struct NameBytesTextTests {
  @Test(arguments: [
    [], Array("plain.txt".utf8), Array("caf\u{E9} \u{1F600}.txt".utf8), [0x63, 0x61, 0x66, 0xE9], [0x80], [0xFF, 0xFE],
    [0xC3], [0xE2, 0x82], [0xED, 0xA0, 0x80], [0xC0, 0x80], [0xF4, 0x90, 0x80, 0x80],
    // The scalars that stand for bytes, as UTF-8.
    Array("\u{10FE80}".utf8), Array("a\u{10FEE9}b\u{10FEFF}".utf8), Array("\u{10FE7F}\u{10FF00}".utf8),
  ])
  func `bytes of a name become lossless text, and that becomes the same bytes again`(bytes: [UInt8]) {
    let text = NameBytes(bytes).losslessText
    #expect(NameBytes(lossless: text).bytes == bytes)
    #expect(NameBytes.containsRawBytes(text) == (text.utf8.elementsEqual(bytes) ? false : true))
  }

  @Test func `random bytes are the same after conversion to lossless text and back`() {
    for seed in 0..<500 as Range<UInt64> {
      let bytes = SplitMix64.bytes(Int(seed % 40), seed: seed)
      #expect(NameBytes(lossless: NameBytes(bytes).losslessText).bytes == bytes)
      // Heavy in the first byte of the scalars that stand for bytes.
      let mixed = bytes.flatMap { [0xF4, 0x8F, 0xBA, $0] as [UInt8] }
      #expect(NameBytes(lossless: NameBytes(mixed).losslessText).bytes == mixed)
    }
  }

  @Test func `sanitized lossless text shows a byte that is not UTF-8 as an escape`() {
    #expect(PlainText.sanitized(NameBytes([0x63, 0x61, 0x66, 0xE9]).losslessText) == "caf\\xE9")
    #expect(PlainText.sanitized(NameBytes([0xE9, 0x1B]).losslessText) == "\\xE9\u{FFFD}")
    #expect(PlainText.sanitized("caf\u{E9}") == "caf\u{E9}")
  }
}
