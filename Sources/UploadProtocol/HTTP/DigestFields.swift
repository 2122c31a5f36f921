import Basics
package import HTTPTypes
package import UploadCore

/// Reads the fields `Repr-Digest`, `Content-Digest` and `Want-Repr-Digest`, and writes `Repr-Digest` (RFC 9530).
package enum DigestFields {
  /// Reads `Repr-Digest` or `Content-Digest`. Algorithms that ``DigestAlgorithm`` does not have are ignored, so the
  /// result may be empty.
  /// - Throws: ``UploadError`` with code `badRequest` where ``StructuredDictionary`` rejects the value, or a digest by
  ///   one of these algorithms is not a byte sequence of the algorithm's length.
  static func digests(_ value: some Collection<UInt8>) throws(UploadError) -> ContentDigests {
    let members = try dictionary(value)
    return ContentDigests(sha256: try digest(.sha256, members), sha512: try digest(.sha512, members))
  }

  /// The value of `Repr-Digest` with those of `digests` that are known; nil where none is.
  package static func text(_ digests: ContentDigests) -> String? {
    let members = DigestAlgorithm.allCases.compactMap { algorithm in
      digests[algorithm].map { "\(algorithm.rawValue)=:\(Base64.encode($0)):" }
    }
    return members.isEmpty ? nil : members.joined(separator: ", ")
  }

  /// Reads `Want-Repr-Digest`.
  /// - Returns: the algorithm of ``DigestAlgorithm`` with the highest weight, of equal ones SHA-256; nil where none has
  ///   a weight above 0. (The weight 0 means not acceptable.)
  /// - Throws: ``UploadError`` with code `badRequest` where ``StructuredDictionary`` rejects the value, or the weight
  ///   of one of these algorithms is not an integer from 0 to 10.
  static func wanted(_ value: some Collection<UInt8>) throws(UploadError) -> DigestAlgorithm? {
    let members = try dictionary(value)
    var best: (algorithm: DigestAlgorithm, weight: Int)?
    for algorithm in DigestAlgorithm.allCases {
      guard let member = members[algorithm.rawValue] else { continue }
      guard case .integer(let weight) = member, (0...10).contains(weight) else {
        throw malformed("the weight of \(algorithm.rawValue) is not an integer from 0 to 10")
      }
      if weight > best?.weight ?? 0 { best = (algorithm, weight) }
    }
    return best?.algorithm
  }

  /// Combines two statements about the digests of one content: the digests that either has.
  /// - Throws: ``UploadError`` with code `badRequest` where they have different digests by one algorithm.
  static func both(_ one: ContentDigests, _ other: ContentDigests) throws(UploadError) -> ContentDigests {
    var both = one
    both.fill(from: other)
    var back = other
    back.fill(from: one)
    guard both == back else { throw malformed("they state different digests of one file") }
    return both
  }

  private static func dictionary(_ value: some Collection<UInt8>) throws(UploadError) -> [String: StructuredItem] {
    if let members = StructuredDictionary.parse(value) { return members }
    throw malformed("a field is malformed")
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
    UploadError(.badRequest, "The digest fields are invalid: \(what). Write for example Repr-Digest: sha-256=:BASE64:")
  }
}

/// The digests that a request states for its content, and the one that it wants in the response. An upload has no
/// content coding and is never a range, so its content is the whole representation, and `Content-Digest` means the same
/// as `Repr-Digest`.
package struct DigestRequest: Sendable, Equatable {
  /// The digests that the content must have, as stated so far: ``add(_:)`` adds those of the trailer section. Empty
  /// where none is stated.
  package private(set) var expected: ContentDigests
  /// The algorithm of the digest that the client requests for the response; nil where it requests none.
  private var wanted: DigestAlgorithm?
  /// Whether the `Trailer` field announces a digest. Its algorithm is not known before the trailer section arrives
  /// (RFC 9110 section 6.6.2).
  private var isAnnounced = false

  /// A request that states only these digests.
  package init(expected: ContentDigests = ContentDigests()) {
    self.expected = expected
  }

  /// Reads a request's headers.
  /// - Throws: ``UploadError`` with code `badRequest` where a digest field is malformed or two contradict each other.
  package init(_ fields: HTTPFields) throws(UploadError) {
    self.init()
    try add(fields)
    if let value = fields[.wantReprDigest] { wanted = try DigestFields.wanted(value.utf8) }
    let announced = fields[.trailer]?.lowercased().split { $0 == "," || $0 == " " || $0 == "\t" } ?? []
    isAnnounced = announced.contains { $0 == "repr-digest" || $0 == "content-digest" }
  }

  /// Adds the digests that a trailer section states.
  /// - Throws: ``UploadError`` with code `badRequest` where they are malformed or contradict ``expected``.
  package mutating func add(_ fields: HTTPFields) throws(UploadError) {
    for name in [HTTPField.Name.reprDigest, .contentDigest] {
      guard let value = fields[name] else { continue }
      expected = try DigestFields.both(expected, DigestFields.digests(value.utf8))
    }
  }

  /// The algorithms of the digests to compute while the content arrives: those of ``expected``, the one that the client
  /// wants, and SHA-256 where the request announces a digest in its trailer section. Empty where none is needed.
  package var algorithms: Set<DigestAlgorithm> {
    var algorithms = expected.algorithms
    if let wanted { algorithms.insert(wanted) }
    if isAnnounced { algorithms.insert(.sha256) }
    return algorithms
  }
}

extension ContentDigests {
  /// The algorithms of the known digests; empty where none is known.
  package var algorithms: Set<DigestAlgorithm> {
    Set(DigestAlgorithm.allCases.filter { self[$0] != nil })
  }

  /// The digest by an algorithm; nil where it is not known.
  subscript(algorithm: DigestAlgorithm) -> [UInt8]? {
    switch algorithm {
    case .sha256: sha256
    case .sha512: sha512
    }
  }
}

/// Field names of RFC 9530, which swift-http-types does not have.
extension HTTPField.Name {
  package static let reprDigest = known("Repr-Digest")
  package static let contentDigest = known("Content-Digest")
  package static let wantReprDigest = known("Want-Repr-Digest")

  /// The field name `name`, which must be a token: for tokens the initializer never fails.
  private static func known(_ name: String) -> HTTPField.Name {
    HTTPField.Name(name) ?? .eTag
  }
}
