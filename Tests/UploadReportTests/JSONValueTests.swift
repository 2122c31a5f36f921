import Foundation
import Testing

@testable import UploadReport

@Suite struct JSONValueTests {
  @Test(
    arguments: [
      (.null, "null"), (.bool(true), "true"), (.bool(false), "false"), (.integer(-5), "-5"),
      (.integer(.min), "\(Int.min)"),
      (.unsigned(.max), "18446744073709551615"), (.string(""), "\"\""), (.array([]), "[]"), (.object([]), "{}"),
      (.array([.integer(1), .null, .string("a")]), "[1,null,\"a\"]"),
      (.object([("b", .integer(1)), ("a", .array([.object([])]))]), "{\"b\":1,\"a\":[{}]}"),
    ] as [(JSONValue, String)]
  )
  func `values are written without spaces and keys keep their order`(value: JSONValue, text: String) {
    #expect(value.serialized == text)
  }

  @Test(
    arguments: [
      (0, "0.0"), (-0.0, "0.0"), (-0.0001, "0.0"), (5, "5.0"), (0.1, "0.1"), (0.1 + 0.2, "0.3"), (7.23456, "7.235"),
      (-1.5, "-1.5"), (1e-9, "0.0"), (123_456_789.123_456, "123456789.123"), (1e12, "1000000000000.0"),
      (1e300, "1e+300"),
      (.nan, "null"), (.infinity, "null"), (-.infinity, "null"),
    ] as [(Double, String)]
  )
  func `a double has at most three decimals and NaN and infinity become null`(value: Double, text: String) {
    #expect(JSONValue.double(value).serialized == text)
  }

  @Test(arguments: [
    ("a\"b", #""a\"b""#), (#"a\b"#, #""a\\b""#), ("\n\r\t", #""\n\r\t""#), ("\r\n", #""\r\n""#),
    ("\u{0}", #""\u0000""#),
    ("\u{1B}[2J", #""\u001b[2J""#), ("\u{7F}\u{9F}", #""\u007f\u009f""#), ("\u{2028}\u{2029}", #""\u2028\u2029""#),
    ("\u{202E}x", #""\u202ex""#), ("\u{E0041}", #""\udb40\udc41""#), ("ä写📷/", "\"ä写📷/\""),
  ])
  func `characters that could control a terminal are escaped`(text: String, json: String) {
    #expect(JSONValue.string(text).serialized == json)
    #expect(JSONValue.object([(text, .null)]).serialized == "{\(json):null}")
  }

  @Test func `an optional value that is nil is written as null`() {
    #expect(JSONValue.optional(String?.none).serialized == "null")
    #expect(JSONValue.optional(UInt64?.none).serialized == "null")
    #expect(JSONValue.optional(Double?.none).serialized == "null")
    #expect(JSONValue.optional(1.5).serialized == "1.5")
  }

  @Test func `another JSON parser reads back the same text`() throws {
    let text = String(String.UnicodeScalarView((0...0x2FFF).compactMap { Unicode.Scalar($0) }))
    let line = JSONValue.array([.string(text)]).serialized
    #expect(!line.contains("\n"))
    let read = try JSONDecoder().decode([String].self, from: Data(line.utf8))
    #expect(read == [text])
  }

  @Test(
    arguments: [
      (0, "0"), (0.4, "0"), (1.5, "2"), (-3, "0"), (.nan, "0"), (.infinity, "1000000000000000000"),
    ] as [(Double, String)]
  )
  func `a speed is written as a whole number, and NaN or a negative one as 0`(speed: Double, text: String) {
    #expect(JSONValue.speed(speed).serialized == text)
  }
}
