package import HTTPTypes

/// The version of the IETF draft that a request follows, and how the versions differ. A request without a known version
/// follows the newest rules.
package struct InteropVersion: Sendable, Equatable {
  /// The versions whose rules are known.
  package static let known = 3...10

  /// The number that the request states; nil for none, and for an invalid one.
  package let stated: Int?

  package init(stated: Int?) {
    self.stated = stated
  }

  /// Reads a request's headers.
  package init(_ fields: HTTPFields) {
    stated = ResumableFields.bytes(.uploadDraftInteropVersion, in: fields).flatMap { Int(exactly: $0) }
  }

  /// The version whose rules apply.
  private var rules: Int {
    guard let stated, Self.known.contains(stated) else { return Self.known.upperBound }
    return stated
  }

  /// Whether the client can read the interim status 104: other clients may mistake it for the final response.
  package var readsInterimStatus: Bool { stated.map(Self.known.contains) ?? false }

  /// Whether the field is `Upload-Incomplete`, with the inverted value.
  package var usesIncomplete: Bool { rules == 3 }

  /// Whether a PATCH request must have the media type `application/partial-upload`.
  package var requiresPartialUploadType: Bool { rules >= 6 }

  /// Whether a PATCH request must have `Upload-Complete`; without it, it ends the upload.
  package var requiresComplete: Bool { rules >= 8 }

  /// The key of the lifetime in `Upload-Limit`.
  package var ageKey: String { rules <= 6 ? "expires" : "max-age" }

  /// Whether the request ends the upload; nil where it does not say, or its value is invalid.
  package func isComplete(_ fields: HTTPFields) -> Bool? {
    if usesIncomplete, let isIncomplete = ResumableFields.boolean(.uploadIncomplete, in: fields) {
      return !isIncomplete
    }
    return ResumableFields.boolean(.uploadComplete, in: fields)
  }

  /// States in a response whether it is the final one of the target.
  func setComplete(_ isComplete: Bool, in fields: inout HTTPFields) {
    if usesIncomplete {
      fields[.uploadIncomplete] = isComplete ? "?0" : "?1"
    } else {
      fields[.uploadComplete] = isComplete ? "?1" : "?0"
    }
  }
}
