import Testing
import UploadCore
import UploadTestSupport

@testable import UploadClient

@Suite struct GlobPatternTests {
  private func matches(_ pattern: String, _ path: String, isDirectory: Bool = false) throws -> Bool {
    try GlobPattern(pattern).matches(path, isDirectory: isDirectory)
  }

  @Test(arguments: [
    ("*.tmp", "a.tmp", true), ("*.tmp", "a/b/c.tmp", true), ("*.tmp", ".tmp", true), ("*.tmp", "a.tmpx", false),
    ("*.tmp", "a.tmp/b", false), ("a?c", "abc", true), ("a?c", "ac", false), ("a?c", "a/c", false),
    ("?", "é", true), ("?", "e\u{301}", false), ("[a-c]x", "bx", true), ("[a-c]x", "dx", false),
    ("[!a-c]x", "dx", true), ("[^a-c]x", "ax", false), ("[]]", "]", true), ("[!]]", "]", false), ("[a-]", "-", true),
    ("[à-ü]", "é", true), (#"\*"#, "*", true), (#"\*"#, "x", false), (#"[\]]"#, "]", true), ("A", "a", false),
    ("***", "anything", true), ("*a*b*", "xxaxxbxx", true), ("*a*b*", "xxbxxaxx", false), ("name", "dir/name", true),
  ])
  func `a pattern without a slash matches names at any level`(pattern: String, path: String, wanted: Bool) throws {
    let result = try matches(pattern, path)
    #expect(result == wanted)
  }

  @Test(arguments: [
    ("/a", "a", true), ("/a", "b/a", false), ("a/b", "a/b", true), ("a/b", "x/a/b", false), ("a/*", "a/b", true),
    ("a/*", "a/b/c", false), ("a/*/c", "a/b/c", true), ("a/*/c", "a/c", false), ("**/x", "x", true),
    ("**/x", "a/b/x", true), ("**/x", "ax", false), ("a/**", "a/b", true), ("a/**", "a/b/c", true),
    ("a/**", "a", false),
    ("a/**/b", "a/b", true), ("a/**/b", "a/x/b", true), ("a/**/b", "a/x/y/b", true), ("a/**/b", "a/xb", false),
    ("a/**/b", "ab", false), ("**/a/**/b", "x/a/y/b", true), ("**/**/x", "x", true), ("a**/b", "ax/b", true),
    ("a**/b", "a/x/b", false), ("a/b**", "a/bcd", true), ("a/b**", "a/b/c", false),
    ("docs/**/d-?.txt", "docs/a/d-1.txt", true),
  ])
  func `a pattern with a slash matches the path relative to the argument`(
    pattern: String,
    path: String,
    wanted: Bool
  ) throws {
    let result = try matches(pattern, path)
    #expect(result == wanted)
  }

  @Test func `a pattern that ends in a slash matches only directories`() throws {
    let build = try GlobPattern("build/")
    #expect(build.matches("build", isDirectory: true) && build.matches("a/build", isDirectory: true))
    #expect(!build.matches("build", isDirectory: false))
    let anchored = try GlobPattern("/build/")
    #expect(anchored.matches("build", isDirectory: true) && !anchored.matches("a/build", isDirectory: true))
    let without = try GlobPattern("build")
    #expect(without.matches("build", isDirectory: true) && without.matches("build", isDirectory: false))
  }

  @Test func `a byte that is not UTF-8 counts as one character`() throws {
    let name = NameBytes([0x61, 0xFF, 0x62]).losslessText
    #expect(try GlobPattern("a?b").matches(name, isDirectory: false))
    #expect(try GlobPattern(name).matches(name, isDirectory: false))
    #expect(try !GlobPattern("a??b").matches(name, isDirectory: false))
  }

  @Test func `a combining mark at the start of a name does not join the slash before it`() throws {
    #expect(try GlobPattern("\u{301}a").matches("dir/\u{301}a", isDirectory: false))
    #expect(try GlobPattern("dir/*").matches("dir/\u{301}a", isDirectory: false))
  }

  @Test func `a pattern with many stars is as fast as any other`() throws {
    let pattern = try GlobPattern(String(repeating: "*a", count: 200) + "b")
    let start = ContinuousClock.now
    #expect(!pattern.matches(String(repeating: "a", count: 4000), isDirectory: false))
    // With backtracking it would not end within the life of the machine.
    #expect(.now - start < .seconds(60))
  }

  @Test(arguments: [
    ("", "names nothing"), ("/", "names nothing"), ("a[b", "without a ]"), ("[]", "without a ]"), ("[z-a]", "empty"),
    ("a\\", "ends in a backslash"), ("[!", "without a ]"),
  ])
  func `a pattern that can match nothing is rejected with the reason`(pattern: String, hint: String) throws {
    let error = try #require(UploadError.thrown { () throws(UploadError) in try GlobPattern(pattern) })
    #expect(error.code == .badValue && error.message.contains(hint), "\(error.message)")
  }
}
