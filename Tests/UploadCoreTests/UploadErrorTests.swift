import Testing

@testable import UploadCore

@Suite struct UploadErrorTests {
  @Test func `every code is a lowerCamelCase identifier`() {
    for code in UploadError.Code.allCases {
      #expect(code.rawValue.first?.isLowercase == true)
      #expect(code.rawValue.allSatisfy { $0.isASCII && $0.isLetter })
    }
  }

  @Test func `the description of an error is its code and its message`() {
    #expect("\(UploadError(.diskFull, "No space is left."))" == "diskFull: No space is left.")
  }

  @Test func `an error keeps the cause it was made with`() {
    let error = UploadError(.storageFailed, "It failed.", cause: CancellationError())
    #expect(error.cause is CancellationError)
  }
}
