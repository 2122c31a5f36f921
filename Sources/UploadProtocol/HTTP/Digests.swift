import Crypto
package import UploadCore

/// Computes the SHA-256, the SHA-512 or both of a content.
package struct SHAHash: ContentHash {
  private var sha256: SHA256?
  private var sha512: SHA512?

  /// Prepares to compute the digests by these algorithms.
  /// - Returns: nil where `algorithms` is empty.
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
    ContentDigests(sha256: sha256.map { Array($0.finalize()) }, sha512: sha512.map { Array($0.finalize()) })
  }
}

/// The secure algorithms of RFC 9530 section 5, by their keys in the digest fields. The registry's other algorithms are
/// insecure; their digests are ignored.
package enum DigestAlgorithm: String, Sendable, CaseIterable {
  case sha256 = "sha-256"
  case sha512 = "sha-512"

  /// The length of a digest in bytes.
  var length: Int {
    switch self {
    case .sha256: 32
    case .sha512: 64
    }
  }
}

/// The SHA-256 of a certificate, which identifies it independently of its issuer.
package struct CertificateFingerprint: Sendable, Hashable, CustomStringConvertible {
  /// 64 digits, lower-case hexadecimal.
  package let digits: String

  /// Reads a fingerprint, as the server prints it and users enter it.
  /// - Parameter text: 64 hexadecimal digits in either case; colons are ignored.
  /// - Throws: ``UploadError`` with code `badValue` for other text.
  package init(_ text: String) throws(UploadError) {
    let plain = text.lowercased().filter { $0 != ":" }
    guard plain.utf8.count == 64, plain.utf8.allSatisfy({ "0123456789abcdef".utf8.contains($0) }) else {
      throw UploadError(
        .badValue,
        "\"\(PlainText.sanitized(text))\" is not the SHA-256 of a certificate. "
          + "Write 64 hexadecimal digits, with or without colons, as the server prints them at its start."
      )
    }
    digits = plain
  }

  /// The fingerprint of a certificate.
  /// - Parameter bytes: the certificate in DER.
  package init(certificate bytes: [UInt8]) {
    digits = Hexadecimal.text(SHA256.hash(data: bytes))
  }

  /// The fingerprint as openssl writes it, in upper case with colons between the bytes: `AB:CD:..`.
  package var description: String {
    let bytes = stride(from: 0, to: 64, by: 2).map { digits.uppercased().dropFirst($0).prefix(2) }
    return bytes.joined(separator: ":")
  }
}
