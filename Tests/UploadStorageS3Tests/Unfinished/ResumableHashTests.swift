import Basics
import Crypto
import Testing
import UploadCore

@testable import UploadStorageS3

@Suite struct ResumableHashTests {
  private func digest(_ bytes: [UInt8], isAccelerated: Bool) -> String? {
    var hash = SavableSHA256(isAccelerated: isAccelerated)
    bytes.withUnsafeBytes { hash.update($0) }
    return hash.digests.sha256Text
  }

  /// FIPS 180-2, appendix B, and the empty message.
  @Test(arguments: [true, false])
  func `the published examples have their digests`(isAccelerated: Bool) {
    let examples = [
      ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
      ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
      (
        "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
        "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
      ),
      (
        String(repeating: "a", count: 1_000_000),
        "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"
      ),
    ]
    for (text, expected) in examples {
      #expect(digest(Array(text.utf8), isAccelerated: isAccelerated) == expected, "\(text.prefix(20))")
    }
  }

  @Test(arguments: [true, false])
  func `contents of random lengths in random pieces have the same digest as elsewhere`(isAccelerated: Bool) {
    var random = SplitMix64(seed: 256)
    for _ in 0..<300 {
      let bytes = S3Fixture.content(Int.random(in: 0...1000, using: &random))
      var hash = SavableSHA256(isAccelerated: isAccelerated)
      var start = 0
      while start < bytes.count {
        let end = Int.random(in: start...bytes.count, using: &random)
        bytes[start..<end].withUnsafeBytes { hash.update($0) }
        start = end
      }
      #expect(hash.digests.sha256 == Array(SHA256.hash(data: bytes)), "\(bytes.count) bytes")
    }
  }

  @Test func `a state that was saved at any byte of a block continues`() throws {
    let bytes = S3Fixture.content(300)
    let expected = Array(SHA256.hash(data: bytes))
    for split in 0...130 {
      var hash = SavableSHA256()
      bytes[..<split].withUnsafeBytes { hash.update($0) }
      var other = try #require(SavableSHA256(saved: hash.saved))
      #expect(other.length == UInt64(split) && other.digests == hash.digests)
      bytes[split...].withUnsafeBytes { other.update($0) }
      #expect(other.digests.sha256 == expected, "split at \(split)")
    }
  }

  @Test func `bytes that are no saved state are rejected`() {
    var hash = SavableSHA256()
    S3Fixture.content(70).withUnsafeBytes { hash.update($0) }
    let saved = hash.saved
    #expect(saved.count == 46)
    for count in 0..<saved.count { #expect(SavableSHA256(saved: Array(saved[..<count])) == nil) }
    #expect(SavableSHA256(saved: saved + [0]) == nil)
  }

  @Test func `other digests are known as long as all bytes were hashed`() {
    let bytes = S3Fixture.content(1000)
    let expected = Array(SHA512.hash(data: bytes))
    var hash = ResumableHash(requested: Both())
    bytes.withUnsafeBytes { hash.update($0) }
    #expect(hash.digests == ContentDigests(sha256: Array(SHA256.hash(data: bytes)), sha512: expected))
    let continued = ResumableHash(hash.sha256, requested: nil)
    #expect(continued.digests == ContentDigests(sha256: Array(SHA256.hash(data: bytes))))
  }

  private struct Both: ContentHash {
    var sha512 = SHA512()

    mutating func update(_ bytes: UnsafeRawBufferPointer) { sha512.update(bufferPointer: bytes) }

    var digests: ContentDigests { ContentDigests(sha512: Array(sha512.finalize())) }
  }
}
