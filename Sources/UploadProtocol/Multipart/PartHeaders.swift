import UploadCore

/// The header fields of one part that mean something here, and what follows from them.
struct PartHeaders {
  private var contentDisposition: [UInt8]?
  private var contentType: [UInt8]?
  private var contentLength: [UInt8]?
  private var digests = ContentDigests()

  /// Takes one header line without its end. Of repeated fields the first counts.
  ///
  /// Throws `.malformedForm` for a folded line or one that is no header field, `.unsupportedType` for a transfer
  /// encoding that would have to be undone: undoing it or storing it as it is would both be a surprise; `.badRequest` for
  /// a digest that cannot be read.
  mutating func take(_ line: [UInt8]) throws(UploadError) {
    if let first = line.first, ASCII.isBlank(first) {
      throw UploadError(.malformedForm, "A part's header goes on over a second line; write it in one line.")
    }
    guard let colon = line.firstIndex(of: ASCII.colon), line[..<colon].isToken else {
      throw UploadError(
        .malformedForm,
        "A part's header line \(Excerpt.quoted(line)) is not of the form NAME: VALUE."
      )
    }
    let name = line[..<colon]
    let value = Array(line[(colon + 1)...].trimmingBlanks)
    if name.equalsIgnoringCase("content-disposition") {
      contentDisposition = contentDisposition ?? value
    } else if name.equalsIgnoringCase("content-type") {
      contentType = contentType ?? value
    } else if name.equalsIgnoringCase("content-length") {
      contentLength = contentLength ?? value
    } else if name.equalsIgnoringCase("repr-digest") || name.equalsIgnoringCase("content-digest") {
      digests = try DigestFields.both(digests, DigestFields.digests(value))
    } else if name.equalsIgnoringCase("content-transfer-encoding") {
      try Self.check(transferEncoding: value)
    }
  }

  /// What the part says about itself when it is a file, nil when it is a text field.
  ///
  /// A part with a file name, even an empty one, is a file; so is a nested multipart/mixed body (what curl makes of
  /// several files in one field), which is kept as it is.
  func fileHead() -> MultipartPartHead? {
    let disposition = contentDisposition.map(ContentDisposition.init(part:))
    let type = contentType ?? []
    let isNested = type.prefix { $0 != ASCII.semicolon }.trimmingBlanks.equalsIgnoringCase("multipart/mixed")
    guard disposition?.filename != nil || isNested else { return nil }
    return MultipartPartHead(
      fieldName: disposition?.name,
      filename: disposition?.filename,
      contentType: contentType?.repairedText,
      contentLength: contentLength.flatMap(Self.length),
      digests: digests
    )
  }

  private static func check(transferEncoding value: [UInt8]) throws(UploadError) {
    let encoding = value.prefix { $0 != ASCII.semicolon && !ASCII.isBlank($0) }
    guard !encoding.equalsIgnoringCase("base64"), !encoding.equalsIgnoringCase("quoted-printable") else {
      throw UploadError(
        .unsupportedType,
        "A part has the transfer encoding \(Excerpt.quoted(value)); send parts as they are, in binary."
      )
    }
  }

  /// Digits alone, no sign, within 64 bits.
  private static func length(_ digits: [UInt8]) -> UInt64? {
    guard !digits.isEmpty, digits.allSatisfy(ASCII.isDigit) else { return nil }
    return UInt64(digits.repairedText)
  }
}
