import Crypto
package import UploadCore

/// Some SHA-2 digests of one content at once.
package struct SHAHash: ContentHash {
  private var sha256: SHA256?
  private var sha512: SHA512?

  /// Nil when there is nothing to compute.
  package init?(_ algorithms: Set<DigestAlgorithm>) {
    guard !algorithms.isEmpty else { return nil }
    sha256 = algorithms.contains(.sha256) ? SHA256() : nil
    sha512 = algorithms.contains(.sha512) ? SHA512() : nil
  }

  package mutating func update(_ bytes: UnsafeRawBufferPointer) {
    sha256?.update(bufferPointer: bytes)
    sha512?.update(bufferPointer: bytes)
  }

  package var digests: ContentDigests {
    ContentDigests(
      sha256: sha256.map { Array($0.finalize()) },
      sha512: sha512.map { Array($0.finalize()) }
    )
  }
}

/// An algorithm of RFC 9530 section 5 that is computed here. The registry's others are insecure and ignored.
package enum DigestAlgorithm: String, Sendable, CaseIterable {
  case sha256 = "sha-256"
  case sha512 = "sha-512"

  /// Of a digest, in bytes.
  var length: Int {
    switch self {
    case .sha256: 32
    case .sha512: 64
    }
  }
}
