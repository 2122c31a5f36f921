package import UploadCore

/// The text between the parts of a form, without the dashes and line ends around it (RFC 2046 section 5.1.1).
package struct MultipartBoundary: Sendable, Equatable {
  /// The longest boundary that is accepted, in bytes. RFC 2046 allows 70, which some clients exceed.
  static let maximumLength = 200

  /// The boundary's bytes: 1 to ``maximumLength`` of them, never CR, LF or NUL.
  package let bytes: [UInt8]

  /// Reads the boundary from the value of a Content-Type header field. Of repeated parameters the first counts.
  /// - Throws: ``UploadError`` with code `unsupportedType` where the type is not multipart/form-data, `malformedForm`
  ///   where the parameters are malformed or the boundary is missing, too long, or contains CR, LF or NUL.
  package init(contentType: String) throws(UploadError) {
    let type = contentType.utf8.prefix { $0 != ASCII.semicolon }
    guard Array(type).trimmingBlanks.equalsIgnoringCase("multipart/form-data") else {
      throw UploadError(
        .unsupportedType,
        "The content type is \(Excerpt.quoted(contentType)). Send multipart/form-data."
      )
    }
    guard let parameters = HeaderParameters(contentType.utf8) else {
      throw UploadError(
        .malformedForm,
        "The parameters of the content type \(Excerpt.quoted(contentType)) are malformed. "
          + "Write multipart/form-data; boundary=TEXT, with the text in quotes if it has special characters."
      )
    }
    guard let boundary = parameters["boundary"] else {
      throw UploadError(
        .malformedForm,
        "The content type has no boundary. Let the HTTP client set a form's Content-Type."
      )
    }
    try self.init(bytes: boundary)
  }

  /// A boundary of these bytes.
  /// - Throws: ``UploadError`` with code `malformedForm` where `bytes` are empty, longer than ``maximumLength`` or
  ///   contain CR, LF or NUL.
  init(bytes: [UInt8]) throws(UploadError) {
    let (length, limit) = (bytes.count, Self.maximumLength)
    guard (1...limit).contains(length) else {
      throw UploadError(.malformedForm, "The boundary has \(length) bytes. Choose one of 1 to \(limit) bytes.")
    }
    // The search for delimiters relies on this: a CR occurs only at their beginning.
    guard !bytes.contains(where: { $0 == ASCII.carriageReturn || $0 == ASCII.lineFeed || $0 == 0 }) else {
      throw UploadError(.malformedForm, "The boundary contains a line end or a NUL. Choose another.")
    }
    self.bytes = bytes
  }

  private init(random text: String) {
    bytes = Array(text.utf8)
  }

  /// A new boundary for a form to send, a token of 39 bytes with 128 random bits from the system's generator: the
  /// content of a file could forge parts if the boundary were predictable.
  package static func random() -> MultipartBoundary {
    let digits = (0..<32).map { _ in String(UInt8.random(in: 0...15), radix: 16) }
    return MultipartBoundary(random: "sluice-" + digits.joined())
  }

  /// The value of the Content-Type header field for a form with this boundary, which is quoted if necessary. Bytes that
  /// are not UTF-8 become U+FFFD.
  package var contentType: String {
    if bytes.isToken { return "multipart/form-data; boundary=\(bytes.repairedText)" }
    let quoted = bytes.flatMap { $0 == ASCII.quote || $0 == ASCII.backslash ? [ASCII.backslash, $0] : [$0] }
    return "multipart/form-data; boundary=\"\(quoted.repairedText)\""
  }

  /// The length in bytes of the shortest end of a form: CRLF, two dashes, the boundary, two dashes. The CRLF that every
  /// common client sends after it is optional and not counted.
  package var closingDelimiterLength: Int {
    bytes.count + 6
  }

  /// The delimiter before every part and before the form's end: CRLF, two dashes, the boundary. The CRLF may be missing
  /// at the start of the body and directly behind a part's headers.
  var delimiter: [UInt8] {
    Array("\r\n--".utf8) + bytes
  }
}
