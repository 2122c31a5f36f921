import Basics
package import HTTPTypes
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

/// What a request says and wants of its content's digest. An upload has no content coding and is never a part, so that
/// its content and its representation are one, and `Content-Digest` means the same as `Repr-Digest`.
package struct DigestRequest: Sendable, Equatable {
  /// What the content must have.
  package private(set) var expected = ContentDigests()
  /// The algorithm of the digest that the response is to state.
  package private(set) var wanted: DigestAlgorithm?
  /// A digest is to come in the trailer; which one is not said (RFC 9110 section 6.6.2).
  package private(set) var isAnnounced = false

  /// A request that says nothing.
  package init() {}

  /// Reads a request's head.
  /// - Throws: ``UploadError`` with code `badRequest`.
  package init(_ fields: HTTPFields) throws(UploadError) {
    try add(fields)
    if let value = fields[.wantReprDigest] { wanted = try DigestFields.wanted(value.utf8) }
    let announced = fields[.trailer]?.lowercased().split { $0 == "," || $0 == " " || $0 == "\t" } ?? []
    isAnnounced = announced.contains { $0 == "repr-digest" || $0 == "content-digest" }
  }

  /// Takes the fields of a part of a form, or of a trailer.
  /// - Throws: ``UploadError`` with code `badRequest`; also when they contradict what was said before.
  package mutating func add(_ fields: HTTPFields) throws(UploadError) {
    for name in [HTTPField.Name.reprDigest, .contentDigest] {
      guard let value = fields[name] else { continue }
      expected = try DigestFields.both(expected, DigestFields.digests(value.utf8))
    }
  }

  /// For a part of a form.
  package init(expected: ContentDigests) {
    self.expected = expected
  }

  /// What has to be computed while the content comes.
  package var algorithms: Set<DigestAlgorithm> {
    var algorithms = expected.algorithms
    if let wanted { algorithms.insert(wanted) }
    if isAnnounced { algorithms.insert(.sha256) }
    return algorithms
  }
}

extension ContentDigests {
  /// Which digests are known.
  package var algorithms: Set<DigestAlgorithm> {
    var algorithms: Set<DigestAlgorithm> = []
    if sha256 != nil { algorithms.insert(.sha256) }
    if sha512 != nil { algorithms.insert(.sha512) }
    return algorithms
  }
}

/// Names that swift-http-types does not have (RFC 9530).
extension HTTPField.Name {
  package static let reprDigest = known("Repr-Digest")
  package static let contentDigest = known("Content-Digest")
  package static let wantReprDigest = known("Want-Repr-Digest")

  /// A name that is a token, so that it cannot fail.
  private static func known(_ name: String) -> HTTPField.Name {
    HTTPField.Name(name) ?? .eTag
  }
}
