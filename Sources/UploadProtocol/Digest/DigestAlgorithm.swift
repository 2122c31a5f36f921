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
