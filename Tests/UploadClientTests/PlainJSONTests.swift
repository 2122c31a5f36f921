import Testing

@testable import UploadClient

@Suite struct PlainJSONTests {
  @Test func `objects, arrays, strings, numbers and words are read`() {
    let json = PlainJSON(Array(#" {"a" : [1, "é", true,false , null, {}, []], "b":0}"#.utf8) + [10])
    #expect(
      json?["a"] == .array([.unsigned(1), .string("é"), .bool(true), .bool(false), .null, .object([]), .array([])])
    )
    #expect(json?["b"]?.number == 0)
    #expect(json?["c"] == nil)
  }

  @Test(arguments: [
    "", " ", "{", "[", "\"a", "{\"a\"}", "{\"a\":}", "{\"a\":1,}", "[1,]", "[1 2]", "1 1", "01", "-1", "1.5", "1e9",
    "tru",
    #"["\u0041"]"#, #"{"a":1,"a":2}"#, "[\"\u{1}\"]", "1234567890123456789", "[[[[[1]]]]]", "{} x",
  ])
  func `what is malformed, or not plain, is left to the full decoder`(text: String) {
    #expect(PlainJSON(Array(text.utf8)) == nil)
  }

  @Test func `text that is not UTF-8 is left to the full decoder`() {
    #expect(PlainJSON([0x22, 0xE9, 0x22]) == nil)
  }

  @Test func `18 digits are a number`() {
    #expect(PlainJSON(Array("999999999999999999".utf8))?.number == 999_999_999_999_999_999)
  }
}
