package import HTTPTypes

/// Names that the library does not have (RFC 9530).
extension HTTPField.Name {
  package static let reprDigest = known("Repr-Digest")
  package static let contentDigest = known("Content-Digest")
  package static let wantReprDigest = known("Want-Repr-Digest")

  /// A name that is a token, so that it cannot fail.
  private static func known(_ name: String) -> HTTPField.Name {
    HTTPField.Name(name) ?? .eTag
  }
}
