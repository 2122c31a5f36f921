import Basics
import Testing

@Suite struct ByteSearchTests {
  @Test(arguments: [
    ("", "", true), ("", "a", false), ("abc", "", true), ("abc", "abc", true), ("abc", "abcd", false),
    ("aab", "ab", true), ("aaab", "aab", true), ("abab", "ba", true), ("abcabd", "abd", true), ("abc", "c", true),
    ("abc", "ac", false),
  ])
  func `a sequence of bytes is found at any place, also behind a part of itself`(
    text: String,
    sequence: String,
    occurs: Bool
  ) {
    #expect(text.utf8.containsBytes(sequence.utf8) == occurs)
    #expect(Array(text.utf8).containsBytes(Array(sequence.utf8)) == occurs)
  }
}
