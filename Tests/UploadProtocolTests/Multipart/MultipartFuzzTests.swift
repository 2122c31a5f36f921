import Testing
import UploadCore
import UploadTestSupport

@testable import UploadProtocol

/// For any bytes and chunk boundaries the parser agrees with a simple reference implementation.
@Suite struct MultipartFuzzTests {
  private static let seeds: [UInt64] = [1, 2, 3, 4]

  /// Limits that small forms exceed.
  private static let small: MultipartLimits = {
    var limits = MultipartLimits()
    limits.preambleBytes = 40
    limits.headersPerPart = 3
    limits.headerBytesPerPart = 120
    limits.parts = 6
    limits.files = 3
    limits.fieldBytes = 30
    limits.allFieldBytes = 50
    return limits
  }()

  private static let elements: [[UInt8]] = [
    "\r", "\n", "-", "b", " ", "x", "\r\n", "\r\n\r\n", "--b", "--b--", "\r\n--b", "\r\n--b\r\n", "\r\n--b--\r\n",
    "Content-Disposition: form-data; name=\"n\"\r\n", "Content-Disposition: form-data; filename=\"f\"\r\n",
    "content-disposition: form-data; name=\"n\"; filename=\"\"\r\n\r\n", "Content-Type: multipart/mixed\r\n",
    "A: b\r\n",
    "Content-Transfer-Encoding: base64\r\n", "Content-Length: 3\r\n",
  ].map { Array($0.utf8) }

  private static let valid = crlf(
    """
    preamble
    --b
    Content-Disposition: form-data; name="text"

    a text
    --b \t
    Content-Disposition: form-data; name="f"; filename="a.bin"
    Content-Type: application/octet-stream

    some
    --content--
    --B
    --b
    Content-Disposition: form-data; name="none"; filename=""

    --b
    Content-Disposition: form-data; name="g"; filename=""
    Content-Length: 3

    abc
    --b--
    epilogue
    """
  )

  private func check(_ body: [UInt8], limits: MultipartLimits, using generator: inout SplitMix64) throws {
    let boundary = try MultipartBoundary("b")
    let expected = ReferenceParser.transcript(of: body, boundary: boundary, limits: limits)
    for chunks in [[body], body.chunks(of: 1), body.randomChunks(using: &generator)] {
      let transcript = Transcript(of: chunks, boundary: boundary, limits: limits)
      guard transcript != expected else { continue }
      Issue.record("\(body.text.debugDescription) in chunks of \(chunks.map(\.count)): \(transcript), not \(expected)")
    }
  }

  @Test func `the reference parser finds the files of a valid form`() throws {
    let transcript = ReferenceParser.transcript(
      of: Self.valid,
      boundary: try MultipartBoundary("b"),
      limits: MultipartLimits()
    )
    #expect(transcript.failure == nil)
    #expect(transcript.files.map(\.content.text) == ["some\r\n--content--\r\n--B", "abc"])
  }

  @Test(arguments: seeds)
  func `random sequences of form elements give the reference parser's events, whole and in chunks`(seed: UInt64)
    throws
  {
    var generator = SplitMix64(seed: seed)
    for _ in 0..<400 {
      var body: [UInt8] = Bool.random(using: &generator) ? Array("--b\r\n".utf8) : []
      for _ in 0..<Int.random(in: 0...14, using: &generator) {
        body += Self.elements.randomElement(using: &generator) ?? []
      }
      try check(body, limits: Self.small, using: &generator)
    }
  }

  @Test(arguments: seeds)
  func `content of random delimiter bytes gives the reference parser's events, whole and in chunks`(seed: UInt64)
    throws
  {
    var generator = SplitMix64(seed: seed)
    let head = Array("--b\r\nContent-Disposition: form-data; filename=\"f\"\r\n\r\n".utf8)
    for _ in 0..<400 {
      let content = (0..<Int.random(in: 0...60, using: &generator)).compactMap { _ in
        [13, 10, 45, 98].randomElement(using: &generator) as UInt8?
      }
      try check(head + content, limits: Self.small, using: &generator)
    }
  }

  @Test(arguments: seeds) func `mutated forms give the reference parser's events, whole and in chunks`(seed: UInt64)
    throws
  {
    var generator = SplitMix64(seed: seed)
    for _ in 0..<150 {
      var body = Self.valid
      for _ in 0..<Int.random(in: 1...3, using: &generator) {
        let index = Int.random(in: body.indices, using: &generator)
        switch Int.random(in: 0..<4, using: &generator) {
        case 0: body[index] = UInt8.random(in: 0...255, using: &generator)
        case 1: body.insert(contentsOf: Self.elements.randomElement(using: &generator) ?? [], at: index)
        case 2: body.remove(at: index)
        default: body.removeSubrange(index..<min(index + 8, body.count))
        }
      }
      try check(body, limits: MultipartLimits(), using: &generator)
    }
  }
}
