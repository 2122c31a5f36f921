import Crypto
import UploadCore

/// SHA-256 for tests of the store, which knows of no algorithm.
struct TestHash: ContentHash {
  private var hash = SHA256()

  mutating func update(_ bytes: UnsafeRawBufferPointer) {
    hash.update(bufferPointer: bytes)
  }

  var digests: ContentDigests { ContentDigests(sha256: Array(hash.finalize())) }

  /// The digests of `bytes`.
  static func of(_ bytes: [UInt8]) -> ContentDigests {
    ContentDigests(sha256: Array(SHA256.hash(data: bytes)))
  }
}
