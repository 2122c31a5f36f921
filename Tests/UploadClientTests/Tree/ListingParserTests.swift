import Testing
import UploadCore

@testable import UploadClient

@Suite struct ListingParserTests {
  private static let listing = """
    {"files":[{"name":"sub/","url":"sub/","directory":true,"modified":"2024-02-29T12:00:00Z"},
    {"name":"a \\"{[\\\\.bin","url":"a%20%22%7B%5B%5C.bin","size":5,"type":null,"sha256":"\(String(repeating: "ab", count: 32))",
    "modified":"1970-01-01T00:00:07Z"},{"name":"caf\\\\xE9","url":"/files/x/caf%E9?q=1","size":0,"type":"text/plain",
    "sha256":null,"modified":"never","extra":{"a":[1]}}]}

    """

  private func parse(_ chunks: [ArraySlice<UInt8>]) -> (parser: ListingParser, entries: [ListingParser.Entry]) {
    var parser = ListingParser()
    var entries: [ListingParser.Entry] = []
    for chunk in chunks { parser.read(chunk) { entries.append($0) } }
    return (parser, entries)
  }

  @Test(arguments: [1, 7, 100_000]) func `a listing is read in chunks of any size`(size: Int) {
    let bytes = Array(Self.listing.utf8)
    let (parser, entries) = parse(
      stride(from: 0, to: bytes.count, by: size).map { bytes[$0..<min($0 + size, bytes.count)] }
    )
    #expect(parser.isValid && parser.isComplete)
    #expect(entries.map(\.name) == ["sub", "a \"{[\\.bin", NameBytes("caf".utf8 + [0xE9])])
    #expect(entries.map(\.isDirectory) == [true, false, false])
    #expect(entries.map(\.size) == [nil, 5, 0])
    #expect(entries.map(\.modified) == [1_709_208_000, 7, nil])
    #expect(entries.map { $0.sha256?.sha256?.first } == [nil, 0xAB, nil])
  }

  @Test func `an empty listing is complete, a cut one is not`() {
    #expect(parse([Array(#"{"files":[]}"#.utf8)[...]]).parser.isComplete)
    for count in 1..<Self.listing.utf8.count - 2 {
      #expect(!parse([Array(Self.listing.utf8.prefix(count))[...]]).parser.isComplete, "\(count)")
    }
  }

  @Test(arguments: [
    "<html>", "[]", "null", #"{"files":[{"name":1}]}"#, #"{"files":[{"url":"%"}]}"#, #"{"files":[{"url":"/"}]}"#, "}",
    "{}", #"{"ok":true}"#, #"{"items":[{"url":"a"}]}"#, #"{"files":{"a":{"url":"a"}}}"#, #"{"files":[1]}"#,
    #"{"files":[["a"]]}"#, #"{"files":["a"]}"#, #"{"files":[]}x"#, #"{"files":[{"url":"a"}"#, #"{"files":[]"#,
    #"{"files":[{"url":"."}]}"#, #"{"files":[{"url":"a/.."}]}"#, #"{"files":[{"url":"a%2Fb"}]}"#,
    String(repeating: #"{"a":["#, count: 100),
  ])
  func `other texts are no listing`(text: String) {
    let parser = parse([Array(text.utf8)[...]]).parser
    #expect(!(parser.isValid && parser.isComplete))
  }

  @Test(arguments: [#"{"files":[{"name":""#, #"{"files":[{"name":["#])
  func `an entry without an end is not kept in memory`(start: String) {
    let text = start + String(repeating: "1,", count: 100_000)
    #expect(!parse([Array(text.utf8)[...]]).parser.isValid)
  }

  @Test func `what follows the entries is no entry`() {
    let text = #"{ "files" : [ {"url":"a"} ] , "other": [{"url":"b"}, "]}"], "count": 1 }"#
    let (parser, entries) = parse([Array(text.utf8)[...]])
    #expect(parser.isValid && parser.isComplete && entries.map(\.name) == ["a"])
  }

  @Test(arguments: ["0", "f"]) func `a digest of equal digits is a digest`(digit: String) {
    var directory = ServerDirectory()
    let digest = ContentDigests(sha256Text: String(repeating: digit, count: 64))
    directory.add(ListingParser.Entry(name: "f", size: 1, sha256: digest))
    directory.sort()
    let item = directory.item("f")
    #expect(item?.hasDigest == true && item?.isDirectory == false && item?.matches(digest ?? ContentDigests()) == true)
  }

  @Test func `a directory finds its entries by name`() {
    var directory = ServerDirectory()
    for index in 0..<1000 {
      directory.add(ListingParser.Entry(name: NameBytes("f\(index)"), size: UInt64(index), modified: Int64(index)))
    }
    directory.add(ListingParser.Entry(name: "d", isDirectory: true))
    directory.sort()
    #expect(directory.count == 1001)
    for index in [0, 1, 500, 999] {
      let item = directory.item(NameBytes("f\(index)"))
      #expect(item?.size == UInt64(index) && item?.modified == Int64(index) && item?.hasDigest == false)
    }
    #expect(directory.item("d")?.isDirectory == true && directory.item("d")?.size == nil)
    #expect(directory.item("missing") == nil)
  }

  @Test func `a directory of a million entries is kept in 40 bytes each, and every one is found`() {
    var directory = ServerDirectory()
    for index in 0..<1_000_000 {
      directory.add(ListingParser.Entry(name: NameBytes("file-\(index)"), size: UInt64(index), modified: 7))
    }
    directory.sort()
    #expect(directory.count == 1_000_000)
    #expect(MemoryLayout<ServerDirectory.Item>.stride <= 40)
    for index in stride(from: 0, to: 1_000_000, by: 1009) {
      #expect(directory.item(NameBytes("file-\(index)"))?.size == UInt64(index))
    }
    #expect(directory.item(NameBytes("file-1000000")) == nil)
  }
}
