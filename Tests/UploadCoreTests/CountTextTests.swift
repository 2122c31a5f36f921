import Testing

@testable import UploadCore

@Suite struct CountTextTests {
  @Test(
    arguments: [
      (0, "0"), (7, "7"), (999, "999"), (1_000, "1,000"), (1_204, "1,204"), (12_345_678, "12,345,678"),
      (UInt64.max, "18,446,744,073,709,551,615"),
    ] as [(UInt64, String)]
  )
  func `a comma separates each three digits`(number: UInt64, text: String) {
    #expect(number.grouped == text)
  }

  @Test func `numbers of files have their noun, and the whole number where it is known`() {
    #expect(CountText.files(1) == "1 file")
    #expect(CountText.files(1_204, of: 10_000) == "1,204 of 10,000 files")
    #expect(CountText.files(0, of: 1) == "0 of 1 file")
    #expect(CountText.files(3, of: nil) == "3 files")
  }

  @Test func `an upload's identifier is made again from its description, and from no other text`() {
    let id = UploadID()
    #expect(UploadID(id.description) == id)
    for text in ["", "abc", id.description + "0", "ABCDEF012345", "+12345678901", "g00000000000"] {
      #expect(UploadID(text) == nil, "\(text)")
    }
  }
}
