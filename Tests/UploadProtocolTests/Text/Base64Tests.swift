import Testing

@testable import UploadProtocol

@Suite struct Base64Tests {
  @Test(arguments: [
    ("", ""), ("Zg==", "f"), ("Zm8=", "fo"), ("Zm9v", "foo"), ("Zm9vYg==", "foob"), ("Zm9vYmE=", "fooba"),
    ("Zm9vYmFy", "foobar"), ("Zm9vYg", "foob"),
  ])
  func `Base64 is read`(text: String, decoded: String) {
    #expect(Base64.decode(text.utf8) == Array(decoded.utf8))
  }

  @Test(arguments: ["Z", "Zm9vY", "Zm 9v", "Zm9v====", "=Zm9", "Zm9-", "Zg==Zg=="])
  func `What is no base64 is not`(text: String) {
    #expect(Base64.decode(text.utf8) == nil)
  }
}
