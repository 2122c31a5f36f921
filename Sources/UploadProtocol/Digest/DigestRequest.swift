package import HTTPTypes
package import UploadCore

/// What a request says and wants of its content's digest. An upload has no content coding and is never a part, so that
/// its content and its representation are one, and `Content-Digest` means the same as `Repr-Digest`.
package struct DigestRequest: Sendable, Equatable {
  /// What the content must have.
  package private(set) var expected = ContentDigests()
  /// What the answer is to tell.
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
