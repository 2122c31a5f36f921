package import HTTPTypes
package import UploadCore

/// The request field `Sluice-Sender`, by which a client says who sends a file: the name, percent-encoded in UTF-8, since
/// browsers allow nothing but Latin-1 in a field.
package enum SenderField {
  /// Reads the field.
  /// - Returns: nil where there is none, and where nothing visible is left of the name.
  /// - Throws: ``UploadError`` with code `badRequest` for more than one field, for a malformed escape, and for a name
  ///   that is not UTF-8 or too long: see ``SenderName``.
  package static func name(in fields: HTTPFields) throws(UploadError) -> SenderName? {
    let values = fields[values: .sluiceSender]
    guard let value = values.first else { return nil }
    guard values.count == 1 else {
      throw UploadError(.badRequest, "The request has \(values.count) Sluice-Sender fields. Send one of them.")
    }
    guard let bytes = PercentEncoding.decodedBytes(value.utf8) else {
      throw UploadError(
        .badRequest,
        "A % in Sluice-Sender is not followed by two hexadecimal digits. Write %25 for a percent sign."
      )
    }
    return try SenderName(bytes)
  }
}
