import Testing
import UploadTestSupport

@testable import UploadProtocol

/// The fast search finds the same delimiters as a simple one.
@Suite struct DelimiterSearchTests {
  static let boundaries = [
    "a", "-", "--", "abab", "----WebKitFormBoundary7MA4YWxkTrZu0gW", String(repeating: "-", count: 200),
    "------------------------d74496d66958873e", String(repeating: "ab", count: 60),
  ]

  private func plainIndex(of needle: [UInt8], in haystack: [UInt8]) -> Int? {
    haystack.indices.first { haystack[$0...].starts(with: needle) }
  }

  private func index(_ boundary: MultipartBoundary, in haystack: [UInt8]) -> Int? {
    let search = DelimiterSearch(boundary: boundary)
    return haystack.withUnsafeBytes { search.firstIndex(in: $0) }
  }

  @Test(arguments: boundaries) func `a delimiter is found at every position, and not without its last byte`(
    text: String
  ) throws {
    let boundary = try MultipartBoundary(text)
    for before in 0..<40 {
      for after in [0, 1, 7, 8, 9, 300] {
        let filler: [UInt8] = [13, 10, 45, 45, 13]
        let haystack =
          (0..<before).map { filler[$0 % 5] } + boundary.delimiter + [UInt8](repeating: 45, count: after)
        #expect(index(boundary, in: haystack) == plainIndex(of: boundary.delimiter, in: haystack))
        #expect(index(boundary, in: haystack.dropLast(after + 1)) == nil)
      }
    }
  }

  @Test(arguments: boundaries) func `the first delimiter is found among incomplete ones`(text: String) throws {
    let boundary = try MultipartBoundary(text)
    let delimiter = boundary.delimiter
    var generator = SplitMix64(seed: 7)
    for _ in 0..<150 {
      var haystack: [UInt8] = []
      for _ in 0..<Int.random(in: 0...12, using: &generator) {
        let start = Int.random(in: delimiter.indices, using: &generator)
        let end = Int.random(in: start...delimiter.count, using: &generator)
        haystack += Bool.random(using: &generator) ? delimiter[start..<end] : delimiter[..<end]
      }
      #expect(index(boundary, in: haystack) == plainIndex(of: delimiter, in: haystack))
    }
  }

  @Test func `no delimiter is found in an empty buffer`() throws {
    #expect(index(try MultipartBoundary("a"), in: []) == nil)
  }
}
