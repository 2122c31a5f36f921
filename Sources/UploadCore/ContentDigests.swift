/// Digests of one content; nil for each that is not known.
package struct ContentDigests: Sendable, Equatable {
  /// The SHA-256, 32 bytes; nil where it is not known.
  package var sha256: [UInt8]?
  /// The SHA-512, 64 bytes; nil where it is not known.
  package var sha512: [UInt8]?

  package init(sha256: [UInt8]? = nil, sha512: [UInt8]? = nil) {
    self.sha256 = sha256
    self.sha512 = sha512
  }

  /// Reads a SHA-256 in hexadecimal, in either case; nil unless the text has exactly 64 digits. The SHA-512 is not
  /// known.
  package init?(sha256Text text: String) {
    let digits = text.utf8.compactMap { UInt8(String(UnicodeScalar($0)), radix: 16) }
    guard text.utf8.count == 64, digits.count == 64 else { return nil }
    self.init(sha256: stride(from: 0, to: 64, by: 2).map { digits[$0] << 4 | digits[$0 + 1] })
  }

  package var isEmpty: Bool { sha256 == nil && sha512 == nil }

  /// The SHA-256 in lower-case hexadecimal; nil where it is not known.
  package var sha256Text: String? { sha256.map { Hexadecimal.text($0) } }

  /// Copies the digests from `other` that are not known here; known ones do not change.
  package mutating func fill(from other: ContentDigests) {
    sha256 = sha256 ?? other.sha256
    sha512 = sha512 ?? other.sha512
  }

  /// Checks that these include every known digest of `expected`. Call it on the digests of the received content.
  /// - Throws: ``UploadError`` with code `contentMismatch` when one differs, or is not known here.
  package func require(_ expected: ContentDigests) throws(UploadError) {
    guard !expected.isEmpty else { return }
    for (name, actual, expected) in [("SHA-256", sha256, expected.sha256), ("SHA-512", sha512, expected.sha512)] {
      guard let expected, actual != expected else { continue }
      throw UploadError(
        .contentMismatch,
        "Checksum mismatch: the \(name) of the received bytes differs from the request's. Send the file again."
      )
    }
  }
}

/// Computes digests of a content that arrives in chunks, in order. Conforming types are values: a copy continues from
/// the same state.
package protocol ContentHash: Sendable {
  /// Adds the next bytes.
  mutating func update(_ bytes: UnsafeRawBufferPointer)
  /// The digests of all bytes so far; nil for those that this type does not compute.
  var digests: ContentDigests { get }
}
