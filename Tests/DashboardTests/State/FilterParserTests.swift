import Testing
import UploadTestSupport

@testable import Dashboard

/// How the text of a filter is read, and what is said about one that is none.
@Suite struct FilterParserTests {
  private func terms(_ text: String) throws -> [UploadFilter.Term] { try UploadFilter(parsing: text).terms }

  private func term(_ condition: UploadFilter.Condition, negated: Bool = false) -> UploadFilter.Term {
    UploadFilter.Term(condition: condition, isNegated: negated)
  }

  private func comparison(_ sign: UploadFilter.Comparison.Sign, _ value: Double) -> UploadFilter.Comparison {
    UploadFilter.Comparison(sign: sign, value: value)
  }

  @Test func `blanks separate terms, and quotation marks keep them together`() throws {
    #expect(try terms("  Alpha\u{00A0}beta  ") == [term(.text("alpha")), term(.text("beta"))])
    #expect(try terms("\"a b\" name:\"C d\" x") == [term(.text("a b")), term(.name("c d")), term(.text("x"))])
    #expect(try terms("\"a b") == [term(.text("a b"))], "the second one is not typed yet")
    #expect(try terms("\"state:x\" a\"b") == [term(.text("state:x")), term(.text("a\"b"))])
  }

  @Test func `each field is read with its value, in upper or lower case`() throws {
    #expect(try terms("STATE:Stalled From:192.168.1.7") == [term(.state("stalled")), term(.from("192.168.1.7"))])
    #expect(try terms("to:example.org:80 mode:tree") == [term(.to("example.org:80")), term(.mode("tree"))])
  }

  @Test(arguments: [
    ("rate<1MB/s", UploadFilter.Comparison.Sign.less, 1_000_000.0), ("rate<=1MiB/s", .atMost, 1_048_576),
    ("rate>500kB", .more, 500_000), ("rate>=1.5GB/s", .atLeast, 1_500_000_000), ("rate>0", .more, 0),
    ("rate<2m/S", .less, 2_097_152),
  ])
  func `rates have a unit in thousands or 1,024s, with or without a second`(
    text: String,
    sign: UploadFilter.Comparison.Sign,
    value: Double
  ) throws {
    #expect(try terms(text) == [term(.rate(comparison(sign, value)))])
  }

  @Test func `sizes and times have units too`() throws {
    #expect(try terms("size>1GB") == [term(.size(comparison(.more, 1e9)))])
    #expect(try terms("size<=512B") == [term(.size(comparison(.atMost, 512)))])
    #expect(try terms("left<5min") == [term(.left(comparison(.less, 300)))])
    #expect(try terms("left>=1.5h") == [term(.left(comparison(.atLeast, 5400)))])
  }

  @Test func `a hyphen negates the term behind it; alone or within a text it is text`() throws {
    #expect(try terms("-zip -state:done") == [term(.text("zip"), negated: true), term(.state("done"), negated: true)])
    #expect(try terms("-\"a b\"") == [term(.text("a b"), negated: true)])
    #expect(try terms("- a-b \"-c\"") == [term(.text("-")), term(.text("a-b")), term(.text("-c"))])
  }

  @Test(arguments: ["192.168.1.7:5555", "[2001:db8::1]:80", "fe80::1", "a.b:c", "2<3", ":x", "<", "é:x"])
  func `a colon or comparison behind anything but letters is text`(text: String) throws {
    #expect(try terms(text) == [term(.text(text))])
  }

  @Test func `a last term that may become a field is left out while it is typed, and is a text otherwise`() throws {
    func typed(_ text: String) throws -> [UploadFilter.Term] {
      try UploadFilter(parsing: text, isTyping: true).terms
    }
    for text in ["r", "Rat", "-rate", "size", "na"] {
      #expect(try typed("x \(text)") == [term(.text("x"))], "\(text)")
      #expect(try terms("x \(text)").count == 2 && typed("x \(text) ").count == 2, "\(text)")
    }
    #expect(try typed("rates") == [term(.text("rates"))] && typed("\"rate") == [term(.text("rate"))])
    #expect(try typed("-").isEmpty && typed("- ") == [term(.text("-"))])
    #expect(try typed("state:stalled") == [term(.state("stalled"))])
  }

  // MARK: Problems

  @Test(arguments: [
    ("sate:stalled", "There is no field sate", 0..<5), ("a foo<3", "There is no field foo", 2..<6),
    ("http://x", "Quote a text with :, as in \"http:\"", 0..<5),
    ("state:", "state: needs a value, such as state:stalled.", 0..<6),
    ("x from: y", "from: needs a value, such as from:192.168.1.7.", 2..<7),
    ("rate<", "rate< needs a value, such as rate<1MB/s.", 0..<5),
    ("name<a", "name is a text: write name: and its value, such as name:report.", 0..<6),
    ("size:1GB", "size is a number: write <, <=, > or >=, such as size>1GB.", 0..<8),
    ("state:moving", "There is no state \"moving\": active, stalled,", 6..<12),
    ("mode:ftp", "There is no mode \"ftp\": stream, multipart,", 5..<8),
    ("rate<1x", "\"1x\" cannot be compared: write for example rate<1MB/s.", 5..<7),
    ("rate<1", "\"1\" has no unit: write for example rate<1MB/s.", 5..<6),
    ("rate<1MB/", "\"1MB/\" cannot be compared", 5..<9),
    ("size>99999999999TB", "cannot be compared: write for example size>1GB.", 5..<18),
    ("size>-1GB", "cannot be compared", 5..<9), ("size>nan", "cannot be compared", 5..<8),
    ("left<5", "\"5\" has no unit: write for example left<5min.", 5..<6),
    ("left<9999999d", "cannot be compared: write for example left<5min.", 5..<13),
    ("\"\"", "There is no text between the quotation marks.", 0..<2), ("-sate:x", "There is no field sate", 1..<6),
  ])
  func `a text that is no filter is reported with what is wrong and where`(
    text: String,
    message: String,
    range: Range<Int>
  ) {
    let problem = #expect(throws: FilterProblem.self) { try UploadFilter(parsing: text) }
    #expect(problem?.message.contains(message) == true, "\(problem?.message ?? "")")
    #expect(problem?.range == range)
  }

  @Test func `more terms than the limit are a problem of the first one beyond it`() throws {
    let texts = Array(repeating: "a", count: FilterParser.limit)
    #expect(try terms(texts.joined(separator: " ")).count == FilterParser.limit)
    let problem = #expect(throws: FilterProblem.self) {
      try UploadFilter(parsing: (texts + ["b"]).joined(separator: " "))
    }
    #expect(problem?.range == 2 * FilterParser.limit..<2 * FilterParser.limit + 1)
  }

  @Test func `any text is read or reported within its characters`() {
    var random = SplitMix64(seed: 18)
    let parts = [
      "state:", "rate<", "size>=", "left>", "name:", "from:", "to:", "mode:", "stalled", "1MB/s", "5min", "\"", "-",
      " ",
      ":", "<", "=", "0", "99999999999999999999", ".", "é", "e\u{301}", "👩‍👩‍👧‍👦", "\u{202E}", "\u{0}", "漢", "/s", "1e999GB",
      "\t", "nan", "inf", "rate", "x",
    ]
    for _ in 0..<5000 {
      let text = (0..<Int.random(in: 0..<12, using: &random)).map { _ in parts.randomElement(using: &random) ?? "" }
        .joined()
      do throws(FilterProblem) {
        let filter = try UploadFilter(parsing: text)
        #expect(filter.terms.count <= FilterParser.limit && filter.text == text)
        _ = filter.matches(UploadRecord(.example()))
      } catch {
        #expect(!error.message.isEmpty && error.range.upperBound <= text.count, "\(text.debugDescription)")
        #expect(error.range.lowerBound < error.range.upperBound, "\(text.debugDescription)")
      }
    }
  }
}
