import HTTPTypes
import Testing
import UploadCore

@testable import UploadProtocol

@Suite struct DigestFieldsTests {
  /// The digest of `hello` in Base64, like ``sha512``.
  private static let sha256 = "LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ="
  private static let sha512 =
    "m3HSJL1i83hdltRq0+o9czGb+8KJDKra4t/3JRlnPKcjI8PZm6XBHXx6zG4UuMXaDEZjR1wuXDre9G9zvN7AQw=="

  private func hash(_ text: String, _ algorithms: Set<DigestAlgorithm>) -> ContentDigests {
    var hash = SHAHash(algorithms)
    Array(text.utf8).withUnsafeBytes { hash?.update($0) }
    return hash?.digests ?? ContentDigests()
  }

  @Test func `a written digest field reads back as the same digests`() throws {
    let digests = hash("hello", [.sha256, .sha512])
    let text = try #require(DigestFields.text(digests))
    #expect(text == "sha-256=:\(Self.sha256):, sha-512=:\(Self.sha512):")
    #expect(try DigestFields.digests(text.utf8) == digests)
    #expect(digests.sha256Text == "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824")
    #expect(ContentDigests(sha256Text: digests.sha256Text ?? "")?.sha256 == digests.sha256)
    #expect(DigestFields.text(ContentDigests()) == nil)
    #expect(hash("hello", [.sha512]) == ContentDigests(sha512: digests.sha512))
  }

  @Test
  func `in a digest field unknown algorithms and all parameters are ignored, and the last of repeated keys counts`()
    throws
  {
    let value =
      "md5=:AA==:, x;q=1, sha-256=:\(Self.sha512.prefix(44)):;a=\"b\\\"\";c, n=1.5, t=tok/en, b=?0,\tsha-256=:\(Self.sha256):"
    #expect(try DigestFields.digests(value.utf8) == hash("hello", [.sha256]))
    #expect(try DigestFields.digests("".utf8).isEmpty)
    #expect(try DigestFields.digests("crc32c=:AAAAAA==:".utf8).isEmpty)
    // The padding may be missing.
    #expect(try DigestFields.digests("sha-256=:\(Self.sha256.dropLast()):".utf8) == hash("hello", [.sha256]))
  }

  @Test(arguments: [
    "sha-256", "sha-256=", "sha-256=abc", "sha-256=:abc:", "sha-256=:****:", "sha-256=\"x\"", "sha-256=:AAAA",
    "=:AAAA:",
    "sha-256=:\(sha256):,", "sha-256=:\(sha256): x", "SHA-256=:\(sha256):", ",", "a=1,,b=2", "a=(1 2)", "a=1.",
    "a=1.2345",
    "a=\"x", "a=?2", "a=12345678901234567", "sha-512=:\(sha256):", "a b", "a=-", "\u{0}",
  ]) func `malformed digest fields are rejected`(value: String) {
    let error = #expect(throws: UploadError.self) { try DigestFields.digests(value.utf8) }
    #expect(error?.code == .badRequest)
  }

  @Test(
    arguments: [
      ("sha-256=1", .sha256), ("sha-512=3, sha-256=10", .sha256), ("sha-512=10, sha-256=3", .sha512),
      ("sha-256=0", nil),
      ("md5=10", nil), ("", nil), ("sha-512=5, sha-256=5", .sha256),
    ] as [(String, DigestAlgorithm?)]
  ) func `the known algorithm with the highest weight above 0 is selected from Want-Repr-Digest`(
    value: String,
    algorithm: DigestAlgorithm?
  ) throws {
    #expect(try DigestFields.wanted(value.utf8) == algorithm)
  }

  @Test(arguments: ["sha-256=11", "sha-256=-1", "sha-256", "sha-256=x", "sha-256=1.5", "sha-256=:AA==:"])
  func `a Want-Repr-Digest with an invalid weight is rejected`(value: String) {
    #expect(throws: UploadError.self) { try DigestFields.wanted(value.utf8) }
  }

  @Test func `a request's fields determine the digests to compute, and a trailer that contradicts them is rejected`()
    throws
  {
    let repr = "sha-256=:\(Self.sha256):"
    var request = try DigestRequest([.reprDigest: repr, .contentDigest: "sha-512=:\(Self.sha512):"])
    #expect(request.expected == hash("hello", [.sha256, .sha512]))
    #expect(request.algorithms == [.sha256, .sha512])
    #expect(throws: UploadError.self) { try request.add([.contentDigest: "sha-256=:\(Self.sha512.prefix(43))=:"]) }
    let wanting = try DigestRequest([.wantReprDigest: "sha-512=1"])
    #expect(wanting.algorithms == [.sha512] && wanting.expected.isEmpty)
    let announcing = try DigestRequest([.trailer: "X-A, Repr-Digest"])
    #expect(announcing.algorithms == [.sha256])
    #expect(try DigestRequest([.contentType: "a/b"]) == DigestRequest())
  }

  @Test func `content is rejected if an expected digest of either algorithm differs or was not computed`() throws {
    let good = hash("hello", [.sha256, .sha512])
    try good.require(good)
    try good.require(ContentDigests())
    for bad in [
      ContentDigests(sha256: good.sha256, sha512: hash("x", [.sha512]).sha512),
      ContentDigests(sha256: hash("x", [.sha256]).sha256, sha512: good.sha512),
    ] {
      let error = #expect(throws: UploadError.self) { try good.require(bad) }
      #expect(error?.code == .contentMismatch)
    }
    #expect(throws: UploadError.self) { try ContentDigests().require(good) }
  }
}
