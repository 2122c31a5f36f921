/// What a server's response says of a resumable upload, in either protocol, as a client reads it. Each value is nil where
/// the field is missing or invalid.
package struct ResumptionStatus: Sendable, Equatable {
  /// The HTTP status.
  package var status: Int
  /// Bytes that the server has stored and promised.
  package var offset: UInt64?
  /// Whether the response is the final one of the target (IETF draft): no request must follow.
  package var isComplete: Bool?
  /// Bytes of the whole file.
  package var length: UInt64?
  /// Limits of the server (IETF draft).
  package var limits: UploadLimitField?
  /// The URL of the upload that was created, perhaps relative to that of the request.
  package var location: String?

  /// When the upload expires (tus), in seconds since 1970.
  package var expires: Int64?

  /// Reads a response.
  /// - Parameter field: returns the value of a header field by its name in any letter case, of a repeated one all values
  ///   with commas between them; nil where there is none.
  package init(status: Int, field: (String) -> String?) {
    self.status = status
    offset = field("Upload-Offset").flatMap(Self.bytes)
    length = field("Upload-Length").flatMap(Self.bytes)
    limits = field("Upload-Limit").flatMap { UploadLimitField($0) }
    location = field("Location").flatMap { $0.isEmpty ? nil : $0 }
    // The current time is needed only for a form of dates that tus does not allow.
    expires = field("Upload-Expires").flatMap { HTTPDate.seconds($0, now: 0) }
    isComplete = field("Upload-Complete").flatMap {
      if case .boolean(let flag) = StructuredDictionary.parseItem($0.utf8) { flag } else { nil }
    }
  }

  /// A number of bytes in digits, perhaps with parameters.
  private static func bytes(_ value: String) -> UInt64? {
    if let number = ResumableFields.digits(value) { return number }
    guard case .integer(let number) = StructuredDictionary.parseItem(value.utf8) else { return nil }
    return UInt64(exactly: number)
  }
}

/// The resumable protocol that a server offers, as its response to `OPTIONS` says.
package enum ResumableOffer: Sendable, Equatable {
  /// The IETF draft.
  case draft(UploadLimitField)
  /// tus 1.0.0 with the extension `creation`.
  /// - Parameter maxSize: the largest file in bytes; nil for no limit.
  case tus(maxSize: UInt64?)

  /// Reads a response.
  /// - Parameter field: as for ``ResumptionStatus/init(status:field:)``.
  /// - Returns: nil where the status is no success, or the server offers neither protocol.
  package init?(status: Int, field: (String) -> String?) {
    guard (200...299).contains(status) else { return nil }
    if let limits = field("Upload-Limit").flatMap({ UploadLimitField($0) }) {
      self = .draft(limits)
      return
    }
    func list(_ name: String) -> [Substring] { field(name)?.split { $0 == "," || $0 == " " } ?? [] }
    guard list("Tus-Version").contains("1.0.0"), list("Tus-Extension").contains("creation") else { return nil }
    self = .tus(maxSize: field("Tus-Max-Size").flatMap { ResumableFields.digits($0) })
  }
}
