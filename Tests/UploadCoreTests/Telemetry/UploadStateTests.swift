import Testing

@testable import UploadCore

@Suite struct UploadIDTests {
  @Test func `an identifier is twelve hexadecimal digits`() {
    for _ in 0..<1_000 {
      let text = UploadID().description
      #expect(text.count == 12)
      #expect(text.allSatisfy { $0.isHexDigit && !$0.isUppercase })
    }
  }

  @Test func `no two are the same`() {
    #expect(Set((0..<1_000).map { _ in UploadID() }).count == 1_000)
  }
}
