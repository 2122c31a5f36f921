package import UploadCore

/// The fields `Repr-Digest`, `Content-Digest` and `Want-Repr-Digest` of RFC 9530, as values.
package enum DigestFields {
  /// Reads `Repr-Digest` or `Content-Digest`; algorithms that are not computed here are ignored.
  /// - Throws: ``UploadError`` with code `badRequest`.
  package static func digests(_ value: some Collection<UInt8>) throws(UploadError) -> ContentDigests {
    let members = try dictionary(value)
    return ContentDigests(sha256: try digest(.sha256, members), sha512: try digest(.sha512, members))
  }

  /// The value of a `Repr-Digest`; nil when no digest is known.
  package static func text(_ digests: ContentDigests) -> String? {
    let members = [(DigestAlgorithm.sha256, digests.sha256), (.sha512, digests.sha512)].compactMap {
      algorithm,
      digest in
      digest.map { "\(algorithm.rawValue)=:\(Base64.encode($0)):" }
    }
    return members.isEmpty ? nil : members.joined(separator: ", ")
  }

  /// Reads `Want-Repr-Digest`: the algorithm that is wanted most of those computed here; nil when none is (a weight of 0
  /// says that one is not acceptable).
  /// - Throws: ``UploadError`` with code `badRequest`.
  package static func wanted(_ value: some Collection<UInt8>) throws(UploadError) -> DigestAlgorithm? {
    let members = try dictionary(value)
    var best: (algorithm: DigestAlgorithm, weight: Int)?
    for algorithm in DigestAlgorithm.allCases {
      guard let member = members[algorithm.rawValue] else { continue }
      guard case .integer(let weight) = member, (0...10).contains(weight) else {
        throw malformed("the weight of \(algorithm.rawValue) is not a number from 0 to 10")
      }
      if weight > best?.weight ?? 0 { best = (algorithm, weight) }
    }
    return best?.algorithm
  }

  /// Both of two statements about one content.
  /// - Throws: ``UploadError`` with code `badRequest` when they differ: one of them must be wrong.
  package static func both(_ one: ContentDigests, _ other: ContentDigests) throws(UploadError) -> ContentDigests {
    var both = one
    both.fill(from: other)
    var back = other
    back.fill(from: one)
    guard both == back else { throw malformed("two of them state different digests of one file") }
    return both
  }

  private static func dictionary(_ value: some Collection<UInt8>) throws(UploadError) -> [String: StructuredItem] {
    guard let members = StructuredDictionary.parse(value) else { throw malformed("a field is not well-formed") }
    return members
  }

  private static func digest(
    _ algorithm: DigestAlgorithm,
    _ members: [String: StructuredItem]
  ) throws(UploadError) -> [UInt8]? {
    guard let member = members[algorithm.rawValue] else { return nil }
    guard case .bytes(let digest) = member, digest.count == algorithm.length else {
      throw malformed("the \(algorithm.rawValue) is not \(algorithm.length) bytes in Base64")
    }
    return digest
  }

  private static func malformed(_ what: String) -> UploadError {
    UploadError(
      .badRequest,
      "The digest fields cannot be used: \(what). Write for example Repr-Digest: sha-256=:BASE64:"
    )
  }
}
