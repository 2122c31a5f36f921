import Testing

@testable import UploadProtocol

@Suite struct TextShapeTests {
  @Test(arguments: [
    "{}", "[]", "[1]\n", #"{"a":1}"#, #" {"a" : [ -1.5e+3, true, false, null, "\"\u00e9" ] } "#, "[[[[]]]]",
    "{\n  \"a\": {\n  }\n}\n", "\u{FEFF}{\"a\":1}",
  ]) func `JSON is detected`(text: String) {
    #expect(MediaTypeSniffer.type(of: Array(text.utf8)) == "application/json", "\(text)")
  }

  @Test(arguments: [
    "[section]\nkey=1\n", "{x}", "{'a':1}", "[1] See below.", "[2024-01-01 10:00] started", #"{"a":1,}"#, #"{"a" 1}"#,
    "[01]", "[1.]", "[+1]", #"{"a":1"#, "[", "[}", "{]", #"{"a\#n":1}"#, "[tru]", "5", #""a""#, "true", "[1]x", "{} {}",
    "int main() {}", "[1,,2]",
  ]) func `text that resembles JSON, or is JSON other than arrays and objects, is plain text`(text: String) {
    #expect(MediaTypeSniffer.type(of: Array(text.utf8)) == "text/plain", "\(text)")
  }

  @Test func `newline-delimited JSON is detected`() {
    #expect(MediaTypeSniffer.type(of: Array("{\"a\":1}\n{\"a\":2}\r\n".utf8)) == "application/x-ndjson")
    #expect(MediaTypeSniffer.type(of: Array("[1]\n[2]\n[3]".utf8)) == "application/x-ndjson")
    #expect(MediaTypeSniffer.type(of: Array("{\"a\":1}\nend\n".utf8)) == "text/plain")
  }

  @Test func `JSON is detected where the first 1,445 bytes end within any token`() {
    let record = #"{"name":"\u0041\"","number":-12.5e-3,"list":[true,null]}"#
    let whole = Array("[\(Array(repeating: record, count: 100).joined(separator: ","))]".utf8)
    let lines = Array(Array(repeating: record, count: 100).joined(separator: "\n").utf8)
    for shift in 0..<record.utf8.count {
      let blanks = Array(repeating: UInt8(ascii: " "), count: shift)
      #expect(MediaTypeSniffer.type(of: blanks + whole) == "application/json")
      #expect(MediaTypeSniffer.type(of: blanks + lines) == "application/x-ndjson")
    }
  }

  @Test(
    arguments: [
      ("a,b\n1,2\n", "text/csv"), ("a,b\r\n1,2", "text/csv"), ("a;b\n1;2\n", "text/csv"),
      ("\"x, y\",b\n\"p\nq\",2\n", "text/csv"), ("a\tb\n1\t2\n", "text/tab-separated-values"),
      ("a,,c\n,2,3\n", "text/csv"),
      ("a,b\n1,2,3\n", nil), ("a,b\n", nil), ("Hello, you\nBye, all\n", nil), ("x = 1;\ny = 2;\n", nil),
      ("\tif\n\telse\n", nil), ("a\nb\n", nil), ("a,b", nil),
    ] as [(String, String?)]
  ) func `records with the same number of fields, at least two, are a table unless they look like prose or code`(
    text: String,
    type: String?
  ) {
    #expect(MediaTypeSniffer.type(of: Array(text.utf8)) == type ?? "text/plain", "\(text)")
  }

  @Test func `a table is detected where the first 1,445 bytes end within a record`() {
    let table = Array(String(repeating: "name,17,file\n", count: 300).utf8)
    for start in 0..<13 {
      // The first record has three fields only where it begins within the first field of a record.
      let type = MediaTypeSniffer.type(of: Array("x,".utf8) + table[start...])
      #expect((type == "text/csv") == (start > 4 && start <= 7), "\(start): \(type ?? "")")
    }
    #expect(MediaTypeSniffer.type(of: table) == "text/csv")
  }
}
