import Testing

@testable import UploadProtocol

@Suite struct StorageFieldTests {
  @Test func `the value is read as it is written`() {
    for bits in 0..<8 {
      let field = StorageField(
        keepsDirectories: bits & 1 > 0,
        keepsTimes: bits & 2 > 0,
        numbersDuplicates: bits & 4 > 0
      )
      #expect(StorageField(field.text) == field)
    }
    let flat = StorageField(keepsDirectories: false, keepsTimes: true, numbersDuplicates: true)
    #expect(flat.text == "directories=?0, times=?1, numbers=?1")
  }

  @Test(arguments: [nil, "", "directories=?2", "directories=0, times=0", "other=?0", "((", "directories=\"?0\""])
  func `what is missing or malformed is what a server does that does not say`(value: String?) {
    #expect(StorageField(value) == StorageField())
    #expect(StorageField().keepsDirectories && StorageField().keepsTimes && !StorageField().numbersDuplicates)
  }

  @Test func `unknown members are ignored`() {
    #expect(StorageField("times=?0, later=7;a=b") == StorageField(keepsTimes: false))
  }
}
