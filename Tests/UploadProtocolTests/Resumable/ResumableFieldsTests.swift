import HTTPTypes
import Testing
import UploadCore

@testable import UploadProtocol

@Suite struct ResumableFieldsTests {
  private func fields(_ name: HTTPField.Name, _ values: [String]) -> HTTPFields {
    var fields: HTTPFields = [:]
    fields[values: name] = values
    return fields
  }

  @Test(arguments: [("?1", true), ("?0", false), (" ?1 ", true), ("?1;a=b;c", true)])
  func `a boolean of the draft is read with its parameters ignored`(value: String, expected: Bool) {
    #expect(ResumableFields.boolean(.uploadComplete, in: fields(.uploadComplete, [value])) == expected)
  }

  @Test(arguments: ["", "1", "true", "?2", "?", "?1?", "?1, ?1", "?1;", "?1 x", "\"?1\"", "?T"])
  func `an invalid boolean of the draft is ignored`(value: String) {
    #expect(ResumableFields.boolean(.uploadComplete, in: fields(.uploadComplete, [value])) == nil)
  }

  @Test func `a repeated field of the draft is ignored, even if its values are equal`() {
    #expect(ResumableFields.boolean(.uploadComplete, in: fields(.uploadComplete, ["?1", "?1"])) == nil)
    #expect(ResumableFields.bytes(.uploadOffset, in: fields(.uploadOffset, ["5", "5"])) == nil)
  }

  @Test(
    arguments: [
      ("0", 0), ("5", 5), (" 7 ", 7), ("007", 7), ("-0", 0), ("5;a=1", 5), ("999999999999999", 999_999_999_999_999),
    ] as [(String, UInt64)]
  ) func `a number of the draft is an integer of at most 15 digits`(value: String, expected: UInt64) {
    #expect(ResumableFields.bytes(.uploadOffset, in: fields(.uploadOffset, [value])) == expected)
  }

  @Test(arguments: ["", "-1", "+1", "1.0", "5 6", "5,6", "0x5", "1e3", "?1", "abc", "1000000000000000", ":NQ==:", "٣"])
  func `an invalid, negative or larger number of the draft is ignored`(value: String) {
    #expect(ResumableFields.bytes(.uploadOffset, in: fields(.uploadOffset, [value])) == nil)
  }

  @Test func `numbers of tus are digits up to Int64 max`() {
    #expect(ResumableFields.digits("0") == 0)
    #expect(ResumableFields.digits("9223372036854775807") == 9_223_372_036_854_775_807)
    for wrong in ["", "-1", "+1", " 1", "1 ", "1.0", "5, 5", "5;a", "9223372036854775808", "1_000", "٣"] {
      #expect(ResumableFields.digits(wrong) == nil, "\(wrong)")
    }
  }

  @Test func `the media type of a request is compared without case and parameters`() {
    let type = ResumableFields.partialUploadType
    #expect(ResumableFields.hasType(type, [.contentType: "Application/Partial-Upload; x=y"]))
    #expect(!ResumableFields.hasType(type, [.contentType: "application/octet-stream"]))
    #expect(!ResumableFields.hasType(type, [:]))
  }

  @Test func `sums of byte counts stop at the largest number`() {
    #expect(UInt64.max.saturatingSum(1) == .max)
    #expect((5 as UInt64).saturatingSum(6) == 11)
  }

  @Test func `items and members of structured fields retain booleans`() {
    #expect(StructuredDictionary.parseItem("?0".utf8) == .boolean(false))
    #expect(
      StructuredDictionary.parse("a, b=?0, c=?1".utf8)
        == ["a": .boolean(true), "b": .boolean(false), "c": .boolean(true)]
    )
  }
}
