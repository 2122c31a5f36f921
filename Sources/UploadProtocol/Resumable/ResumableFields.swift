package import HTTPTypes

/// Reads values of header fields of both resumable protocols. Numbers are at most `Int64.max`, so that few sums of
/// them overflow; sums use ``Swift/UInt64/saturatingSum(_:)``.
enum ResumableFields {
  /// The media type of a PATCH request in the IETF draft, from version 6 on.
  static let partialUploadType = "application/partial-upload"
  /// The media type of a body in tus.
  static let tusType = "application/offset+octet-stream"

  /// The largest integer of a structured field (RFC 9651 section 3.3.1).
  static let largestInteger: UInt64 = 999_999_999_999_999

  /// A boolean of the IETF draft; nil for a missing, repeated or invalid field, which is ignored.
  static func boolean(_ name: HTTPField.Name, in fields: HTTPFields) -> Bool? {
    guard let value = fields[name], case .boolean(let flag) = StructuredDictionary.parseItem(value.utf8) else {
      return nil
    }
    return flag
  }

  /// A number of bytes of the IETF draft; nil for a missing, repeated, invalid or negative field, which is ignored.
  static func bytes(_ name: HTTPField.Name, in fields: HTTPFields) -> UInt64? {
    guard let value = fields[name], case .integer(let number) = StructuredDictionary.parseItem(value.utf8) else {
      return nil
    }
    return UInt64(exactly: number)
  }

  /// A number in decimal digits, as tus writes them; nil for anything else, a sign and a list included, and for more
  /// than `Int64.max`.
  static func digits(_ value: some StringProtocol) -> UInt64? {
    guard !value.isEmpty, value.utf8.allSatisfy(ASCII.isDigit), let number = Int64(value) else { return nil }
    return UInt64(number)
  }

  /// Whether a request's content has a media type, regardless of parameters.
  static func hasType(_ type: String, _ fields: HTTPFields) -> Bool {
    fields[.contentType].flatMap { MediaTypeNames.essence(ofField: $0) } == type
  }
}

extension UInt64 {
  /// The sum, or the largest number where that is less.
  package func saturatingSum(_ other: UInt64) -> UInt64 {
    let (sum, overflows) = addingReportingOverflow(other)
    return overflows ? .max : sum
  }
}

/// The header fields of the IETF draft.
extension HTTPField.Name {
  package static let uploadComplete = resumable("Upload-Complete")
  /// The inverse of ``uploadComplete``, in version 3.
  package static let uploadIncomplete = resumable("Upload-Incomplete")
  /// Also in tus.
  package static let uploadOffset = resumable("Upload-Offset")
  /// Also in tus.
  package static let uploadLength = resumable("Upload-Length")
  package static let uploadLimit = resumable("Upload-Limit")
  package static let uploadDraftInteropVersion = resumable("Upload-Draft-Interop-Version")
}

/// The header fields of tus.
extension HTTPField.Name {
  package static let tusResumable = resumable("Tus-Resumable")
  package static let tusVersion = resumable("Tus-Version")
  package static let tusExtension = resumable("Tus-Extension")
  package static let tusMaxSize = resumable("Tus-Max-Size")
  package static let tusChecksumAlgorithm = resumable("Tus-Checksum-Algorithm")
  package static let uploadMetadata = resumable("Upload-Metadata")
  package static let uploadDeferLength = resumable("Upload-Defer-Length")
  package static let uploadConcat = resumable("Upload-Concat")
  package static let uploadChecksum = resumable("Upload-Checksum")
  package static let uploadExpires = resumable("Upload-Expires")
  package static let methodOverride = resumable("X-HTTP-Method-Override")

  /// The field name `name`, which must be a token: for tokens the initializer never fails.
  private static func resumable(_ name: String) -> HTTPField.Name {
    HTTPField.Name(name) ?? .eTag
  }
}
