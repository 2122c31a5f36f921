import Basics
import Testing

@Suite struct Base64Tests {
  /// The vectors of RFC 4648 section 10.
  private static let vectors = [
    ("", ""), ("Zg==", "f"), ("Zm8=", "fo"), ("Zm9v", "foo"), ("Zm9vYg==", "foob"), ("Zm9vYmE=", "fooba"),
    ("Zm9vYmFy", "foobar"),
  ]

  @Test(arguments: Self.vectors)
  func `bytes are encoded with padding and decoded again`(text: String, decoded: String) {
    #expect(Base64.encode(decoded.utf8) == text)
    #expect(Base64.decode(text.utf8) == Array(decoded.utf8))
  }

  @Test func `Base64 without its padding is decoded`() {
    #expect(Base64.decode("Zm9vYg".utf8) == Array("foob".utf8))
  }

  @Test func `any bytes are the same after encoding and decoding`() {
    for count in 0..<70 {
      let bytes = SplitMix64.bytes(count, seed: UInt64(count))
      #expect(Base64.decode(Base64.encode(bytes).utf8) == bytes)
      #expect(Base64.encode(bytes[...]) == Base64.encode(bytes))
    }
  }

  @Test(arguments: [
    "Z", "Zm9vY", "Zm 9v", "Zm9v====", "=Zm9", "Zm9-", "Zg==Zg==", "A===", "AA=A", "=", "====", "AA\n=",
  ])
  func `text that is not Base64 is rejected`(text: String) {
    #expect(Base64.decode(text.utf8) == nil)
  }
}
