import Testing

@testable import UploadCore

@Suite struct UploadErrorTests {
  @Test func `Every code is one lowerCamelCase word`() {
    for code in UploadError.Code.allCases {
      #expect(code.rawValue.first?.isLowercase == true)
      #expect(code.rawValue.allSatisfy { $0.isASCII && $0.isLetter })
    }
  }

  @Test func `A description starts with the code`() {
    #expect("\(UploadError(.diskFull, "No space is left."))" == "diskFull: No space is left.")
  }

  @Test func `The cause is kept`() {
    let error = UploadError(.storageFailed, "It failed.", cause: CancellationError())
    #expect(error.cause is CancellationError)
  }
}
