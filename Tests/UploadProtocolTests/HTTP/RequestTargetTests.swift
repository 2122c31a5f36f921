import Testing
import UploadCore

@testable import UploadProtocol

@Suite struct RequestTargetTests {
  @Test(
    arguments: [
      ("/", "/", nil), ("/a/b", "/a/b", nil), ("/a?", "/a", ""), ("/a?b=c?d", "/a", "b=c?d"),
      ("/a?\u{301}x=1", "/a", "\u{301}x=1"),
    ] as [(String, String, String?)]
  ) func `path and query are split at the first question mark`(target: String, path: String, query: String?) throws {
    let target = try RequestTarget(target)
    #expect(target.path == path)
    #expect(target.query == query)
  }

  @Test(arguments: ["", "*", "a", "?name=a", "http://host/a", "host:80"])
  func `a target that does not begin with a slash is rejected`(
    target: String
  ) {
    let error = #expect(throws: UploadError.self) { try RequestTarget(target) }
    #expect(error?.code == .badRequest)
  }

  @Test(
    arguments: [
      ("/", nil), ("/a", "a"), ("/a/", nil), ("/a/b%20c.txt?d/e", "b c.txt"), ("//", nil), ("/a//b", "b"),
      ("/..", ".."),
      ("/%2e%2E%2Fx", "../x"), ("/a+b", "a+b"), ("/%00", "\u{0}"), ("/caf%E9", NameBytes([0x63, 0x61, 0x66, 0xE9])),
      ("/a%2Fb", "a/b"), ("/%EF%BF%BD", "\u{FFFD}"),
    ] as [(String, NameBytes?)]
  ) func `the last component of a path is decoded`(target: String, expected: NameBytes?) throws {
    #expect(try RequestTarget(target).lastPathComponent() == expected)
  }

  @Test(
    arguments: [
      ("/", [""]), ("/a/b%20c", ["a", "b c"]), ("/a%2Fb/c/", ["a/b", "c", ""]), ("//a", ["", "a"]),
      ("/%2e%2e/x?y/z", ["..", "x"]), ("/a+b/%E9", ["a+b", NameBytes([0xE9])]),
    ] as [(String, [NameBytes])]
  ) func `the components of a path are decoded each by itself`(target: String, expected: [NameBytes]) throws {
    #expect(try RequestTarget(target).pathComponents() == expected)
  }

  @Test(
    arguments: [
      ("/?name=a", "a"), ("/?x=1&name=a+b%2B%26&name=c", "a b+&"), ("/?name=", ""), ("/?name", ""), ("/?NAME=a", nil),
      ("/?%6eame=a", "a"), ("/?name=a=b", "a=b"), ("/?&&name=a", "a"), ("/?names=a", nil), ("/", nil), ("/?", nil),
      ("/name=a", nil), ("/?other=%zz&name=a", "a"), ("/?%zz=b&name=a", "a"), ("/?name=%FF", "\u{FFFD}"),
    ] as [(String, String?)]
  ) func `the value of the first query parameter with the requested name is decoded`(target: String, expected: String?)
    throws
  {
    #expect(try RequestTarget(target).parameter("name") == expected)
  }

  @Test func `a file name in the query keeps bytes that are not UTF-8`() throws {
    #expect(
      try RequestTarget("/?name=caf%E9+1&name=x").nameParameter("name") == NameBytes("caf".utf8 + [0xE9] + " 1".utf8)
    )
    #expect(try RequestTarget("/?other=a").nameParameter("name") == nil)
  }

  @Test func `a file name with an unescaped U+FFFD, which stands for lost bytes, is rejected`() throws {
    for target in ["/caf\u{FFFD}", "/?name=caf\u{FFFD}"] {
      let error = #expect(throws: UploadError.self) {
        let target = try RequestTarget(target)
        _ = try (target.nameParameter("name"), target.lastPathComponent())
      }
      #expect(error?.code == .badRequest)
      #expect(error?.message.contains("%E9") == true)
    }
  }

  @Test func `a last path component or query parameter with a malformed escape is rejected`() throws {
    let path = #expect(throws: UploadError.self) { try RequestTarget("/100%").lastPathComponent() }
    #expect(path?.code == .badRequest)
    let query = #expect(throws: UploadError.self) { try RequestTarget("/?name=%4").parameter("name") }
    #expect(query?.code == .badRequest)
    #expect(query?.message.contains("name=%4") == true)
  }

  @Test(arguments: [
    ("/a", false), ("/files/a", false), ("/a?name=b/c", false), ("/a%2Fb", false), ("/", false), ("/a/b", true),
    ("/files/a/b", true), ("//a", true), ("/a/files/b", true), ("/Files/a", true), ("/files//a", true),
  ])
  func `a path has directories unless it is a name alone or a name in /files`(target: String, hasDirectories: Bool)
    throws
  {
    #expect(try RequestTarget(target).hasDirectories == hasDirectories)
  }
}

@Suite struct PercentEncodingTests {
  private func decoded(_ text: String, plusIsSpace: Bool = false) -> String? {
    PercentEncoding.decodedBytes(text.utf8, plusIsSpace: plusIsSpace)?.repairedText
  }

  @Test(arguments: [
    ("", ""), ("abc", "abc"), ("a%20b", "a b"), ("%C3%BC", "ü"), ("%c3%bc", "ü"), ("%2F%2e%2E", "/.."), ("a+b", "a+b"),
    ("%25%32%30", "%20"), ("%00", "\u{0}"), ("ü", "ü"), ("%FF", "\u{FFFD}"), ("a%C3", "a\u{FFFD}"),
  ]) func `percent escapes are decoded`(text: String, expected: String) {
    #expect(decoded(text) == expected)
  }

  @Test(arguments: ["%", "a%", "%2", "%2g", "%g2", "%%20", "%+1", "%-1", "% 1", "%u20AC", "%\u{0660}1"])
  func `text with a malformed percent escape is not decoded`(text: String) {
    #expect(decoded(text) == nil)
    #expect(decoded(text, plusIsSpace: true) == nil)
  }

  @Test func `a plus is decoded as a space in queries only`() {
    #expect(decoded("a+b%2B", plusIsSpace: true) == "a b+")
    #expect(decoded("a+b%2B") == "a+b+")
  }

  @Test func `all characters except unreserved ones are escaped`() {
    let unreserved = "ABCXYZabcxyz0189-._~"
    #expect(PercentEncoding.encode(unreserved) == unreserved)
    #expect(PercentEncoding.encode("a b/c?d&e=f+g%#\u{7F}") == "a%20b%2Fc%3Fd%26e%3Df%2Bg%25%23%7F")
    #expect(PercentEncoding.encode("ü🎉") == "%C3%BC%F0%9F%8E%89")
  }

  @Test(arguments: ["", "日本語 ?&=+%/#.txt", "\u{0}\r\n\"\\", "e\u{301}"]) func `encoded text decodes to the same text`(
    text: String
  ) {
    let encoded = PercentEncoding.encode(text)
    #expect(decoded(encoded)?.utf8.elementsEqual(text.utf8) == true)
    #expect(decoded(encoded, plusIsSpace: true)?.utf8.elementsEqual(text.utf8) == true)
  }
}
