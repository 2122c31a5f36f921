/// Digests of one content, each where it is known.
package struct ContentDigests: Sendable, Equatable {
  /// 32 bytes.
  package var sha256: [UInt8]?
  /// 64 bytes.
  package var sha512: [UInt8]?

  package init(sha256: [UInt8]? = nil, sha512: [UInt8]? = nil) {
    self.sha256 = sha256
    self.sha512 = sha512
  }

  /// From a SHA-256 in hexadecimal, in either case; nil when the text is none.
  package init?(sha256Text text: String) {
    let digits = text.utf8.compactMap { UInt8(String(UnicodeScalar($0)), radix: 16) }
    guard text.utf8.count == 64, digits.count == 64 else { return nil }
    self.init(sha256: stride(from: 0, to: 64, by: 2).map { digits[$0] << 4 | digits[$0 + 1] })
  }

  package var isEmpty: Bool { sha256 == nil && sha512 == nil }

  /// The SHA-256 in lower-case hexadecimal.
  package var sha256Text: String? { sha256.map { Hexadecimal.text($0) } }

  /// Adds the digests that are not known here.
  package mutating func fill(from other: ContentDigests) {
    sha256 = sha256 ?? other.sha256
    sha512 = sha512 ?? other.sha512
  }

  /// Checks that these include every expected digest.
  /// - Throws: ``UploadError`` with code `contentMismatch`; also when an expected one is not known.
  package func require(_ expected: ContentDigests) throws(UploadError) {
    for (name, actual, expected) in [("SHA-256", sha256, expected.sha256), ("SHA-512", sha512, expected.sha512)] {
      guard let expected, actual != expected else { continue }
      throw UploadError(
        .contentMismatch,
        "Checksum mismatch: the \(name) of the received bytes differs from the request's. Send the file again."
      )
    }
  }
}

/// Computes digests of a content that arrives in chunks, in order. A value: a copy continues from the same state.
package protocol ContentHash: Sendable {
  /// Adds the next bytes.
  mutating func update(_ bytes: UnsafeRawBufferPointer)
  /// The digests of all bytes so far.
  var digests: ContentDigests { get }
}
