package import UploadCore

/// The text between the parts of a form, without the dashes and line ends around it (RFC 2046 section 5.1.1).
package struct MultipartBoundary: Sendable, Equatable {
  /// The longest boundary taken, in bytes. RFC 2046 allows 70; clients that go beyond are let through up to here.
  package static let maximumLength = 200

  /// The boundary's bytes: 1 to ``maximumLength`` of them, never CR, LF or NUL.
  package let bytes: [UInt8]

  /// Takes the boundary from the value of a Content-Type header field. Of repeated parameters the first counts.
  ///
  /// Throws `.unsupportedType` when the type is another than multipart/form-data, `.malformedForm` when the parameters
  /// cannot be read or the boundary is missing or of a length that is not taken.
  package init(contentType: String) throws(UploadError) {
    let type = contentType.utf8.prefix { $0 != ASCII.semicolon }
    guard Array(type).trimmingBlanks.equalsIgnoringCase("multipart/form-data") else {
      throw UploadError(
        .unsupportedType,
        "The content type is \(Excerpt.quoted(contentType)); send a form as multipart/form-data."
      )
    }
    guard let parameters = HeaderParameters(contentType.utf8) else {
      throw UploadError(
        .malformedForm,
        "The parameters of the content type \(Excerpt.quoted(contentType)) cannot be read; "
          + "write multipart/form-data; boundary=TEXT, and the text in quotes when it has special characters."
      )
    }
    guard let boundary = parameters["boundary"] else {
      throw UploadError(
        .malformedForm,
        "The content type names no boundary; let the HTTP client set the Content-Type of a form by itself."
      )
    }
    try self.init(bytes: boundary)
  }

  /// Throws `.malformedForm` for no bytes, more than ``maximumLength`` of them, or CR, LF or NUL among them.
  init(bytes: [UInt8]) throws(UploadError) {
    guard (1...Self.maximumLength).contains(bytes.count) else {
      throw UploadError(
        .malformedForm,
        "The boundary is \(bytes.count) bytes long; it must have 1 to \(Self.maximumLength)."
      )
    }
    // The search for delimiters rests on this: CR stands only at their start.
    guard !bytes.contains(where: { $0 == ASCII.carriageReturn || $0 == ASCII.lineFeed || $0 == 0 }) else {
      throw UploadError(.malformedForm, "The boundary holds a line end or a NUL; choose another.")
    }
    self.bytes = bytes
  }

  private init(random text: String) {
    bytes = Array(text.utf8)
  }

  /// A boundary for a form of our own, with 128 random bits from the system's generator: a predictable one would
  /// let a file's content forge parts.
  package static func random() -> MultipartBoundary {
    var generator = SystemRandomNumberGenerator()
    var digits = "sluice-"
    for _ in 0..<32 {
      digits.append(String(UInt8.random(in: 0...15, using: &generator), radix: 16))
    }
    return MultipartBoundary(random: digits)
  }

  /// The value of the Content-Type header field for a form with this boundary.
  package var contentType: String {
    if bytes.isToken { return "multipart/form-data; boundary=\(bytes.repairedText)" }
    var quoted: [UInt8] = []
    for byte in bytes {
      if byte == ASCII.quote || byte == ASCII.backslash { quoted.append(ASCII.backslash) }
      quoted.append(byte)
    }
    return "multipart/form-data; boundary=\"\(quoted.repairedText)\""
  }

  /// The length in bytes of what ends a form at least: CRLF, two dashes, the boundary, two dashes. Every common client
  /// sends CRLF after it, which this does not count since a form is complete without.
  package var closingDelimiterLength: Int {
    bytes.count + 6
  }

  /// What stands between two parts: CRLF, two dashes, the boundary.
  var delimiter: [UInt8] {
    Array("\r\n--".utf8) + bytes
  }
}
