import NIOCore
import UploadCore

/// Collects the header section of one part, enforces its limits, and retains the fields that the parser uses.
struct PartHeaders {
  private var contentDisposition: [UInt8]?
  private var contentType: [UInt8]?
  private var contentLength: [UInt8]?
  private var digests = ContentDigests()

  /// Bytes and header lines of the section so far.
  private var bytes = 0
  private var lines = 0
  /// The beginning of a header line that continues in the next buffer.
  private var line: [UInt8] = []

  /// Counts bytes towards the limit on the section; ``read(from:within:)`` counts its own.
  /// - Throws: ``UploadError`` with code `tooLarge` where they exceed the limit.
  mutating func count(_ length: Int, within limits: MultipartLimits) throws(UploadError) {
    let limit = limits.headerBytesPerPart
    try bytes.add(length, upTo: limit, "A part's headers exceed \(limit) bytes. Send fewer or shorter headers.")
  }

  /// Removes the bytes up to and including the next line end from `buffer`, or all where it has none, and reads them.
  /// Call it until it returns true; it continues with an incomplete header line.
  /// - Returns: whether the section has ended, with an empty header line.
  /// - Throws: ``UploadError`` with code `tooLarge` past a limit, `malformedForm` for an LF or CR on its own, or an
  ///   error of ``read(_:)``.
  mutating func read(from buffer: inout ByteBuffer, within limits: MultipartLimits) throws(UploadError) -> Bool {
    let lineFeed = buffer.readableBytesView.firstIndex(of: ASCII.lineFeed)
    let length = lineFeed.map { $0 + 1 - buffer.readerIndex } ?? buffer.readableBytes
    try count(length, within: limits)
    line += buffer.readBytes(length: length) ?? []
    guard lineFeed != nil else { return false }

    var complete: [UInt8] = []
    swap(&complete, &line)
    complete.removeLast()
    guard complete.popLast() == ASCII.carriageReturn else {
      throw UploadError(
        .malformedForm,
        "A part's header line ends in LF without CR. End the lines of a form with CR LF."
      )
    }
    guard !complete.contains(ASCII.carriageReturn) else {
      throw UploadError(.malformedForm, "A part's header line contains a CR. Write %0D for a CR in a name.")
    }
    if complete.isEmpty { return true }
    let limit = limits.headersPerPart
    try lines.add(1, upTo: limit, "A part has more than \(limit) header lines, the limit. Send fewer.")
    try read(complete)
    return false
  }

  /// Reads one header line without its line end. Of repeated fields the first counts; digests are combined.
  /// - Throws: ``UploadError`` with code `malformedForm` for a folded header line or one that is not a header field,
  ///   `unsupportedType` for the transfer encoding base64 or quoted-printable, `badRequest` for digests that are
  ///   malformed or contradict each other.
  mutating func read(_ line: [UInt8]) throws(UploadError) {
    if let first = line.first, ASCII.isBlank(first) {
      throw UploadError(.malformedForm, "A part's header is folded over two header lines. Send it as one header line.")
    }
    guard let colon = line.firstIndex(of: ASCII.colon), line[..<colon].isToken else {
      throw UploadError(
        .malformedForm,
        "A part's header line \(Excerpt.quoted(line)) does not have the form NAME: VALUE."
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

  /// What the part states about itself where it is a file; nil for a text field. Call it at the section's end.
  ///
  /// A part with a file name, even an empty one, is a file here, whatever its type: an `.mht` file may be
  /// multipart/mixed itself. The parser discards one with an empty name and no content.
  /// - Throws: ``UploadError`` with code `unsupportedType` for multipart/mixed without a file name: that is how RFC 2388
  ///   nested several files in one field (RFC 7578 section 4.3 deprecates it), and to store the encoded parts as one
  ///   file would surprise.
  func fileHead() throws(UploadError) -> MultipartPartHead? {
    let disposition = contentDisposition.map(ContentDisposition.init(part:))
    guard disposition?.filename != nil else {
      let type = (contentType ?? []).prefix { $0 != ASCII.semicolon }
      guard !type.trimmingBlanks.equalsIgnoringCase("multipart/mixed") else {
        throw UploadError(
          .unsupportedType,
          "A part nests several files as multipart/mixed. Send each file as a part of its own, with a filename."
        )
      }
      return nil
    }
    return MultipartPartHead(
      fieldName: disposition?.name,
      filename: disposition?.filename,
      contentType: contentType?.repairedText,
      contentLength: contentLength.flatMap(Self.length),
      digests: digests
    )
  }

  /// The name of the form's control, as it was sent; nil where the part states none. Call it at the section's end.
  var fieldName: String? { contentDisposition.flatMap { ContentDisposition(part: $0).name } }

  /// Rejects encodings that would have to be decoded: to decode the content or to store it encoded would both surprise.
  /// - Throws: ``UploadError`` with code `unsupportedType` for base64 and quoted-printable, in any letter case.
  private static func check(transferEncoding value: [UInt8]) throws(UploadError) {
    let encoding = value.prefix { $0 != ASCII.semicolon && !ASCII.isBlank($0) }
    guard !encoding.equalsIgnoringCase("base64"), !encoding.equalsIgnoringCase("quoted-printable") else {
      throw UploadError(
        .unsupportedType,
        "A part has the transfer encoding \(Excerpt.quoted(value)). Send it as binary."
      )
    }
  }

  /// A number of digits only, without a sign; nil for others and for numbers of more than 64 bits.
  private static func length(_ digits: [UInt8]) -> UInt64? {
    digits.allSatisfy(ASCII.isDigit) ? UInt64(digits.repairedText) : nil
  }
}
