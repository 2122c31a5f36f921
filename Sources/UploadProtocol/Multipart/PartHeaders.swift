import Glibc
import NIOCore
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

/// Gathers the header section of one part line by line, within bounds.
struct HeaderLines {
  /// The bytes and header fields a section may have.
  private let maximumBytes: Int
  private let maximumCount: Int

  /// Bytes and header fields so far.
  private var bytes = 0
  private var count = 0

  /// The line so far, when it spans several buffers.
  private var line: [UInt8] = []

  init(limits: MultipartLimits) {
    maximumBytes = limits.headerBytesPerPart
    maximumCount = limits.headersPerPart
  }

  /// Counts bytes that belong to the section's bounds but to none of its lines. Throws `.tooLarge`.
  mutating func count(_ length: Int) throws(UploadError) {
    // Subtraction cannot overflow here, addition could.
    guard length <= maximumBytes - bytes else {
      throw UploadError(
        .tooLarge,
        "A part's headers are over \(maximumBytes) bytes; send fewer or shorter ones."
      )
    }
    bytes += length
  }

  /// Takes bytes up to and with the next line end out of `buffer` and returns the line without that end, nil when the
  /// buffer ended before. The empty line is the section's last.
  ///
  /// Throws `.tooLarge` past the bounds, `.malformedForm` for LF or CR on its own.
  mutating func read(from buffer: inout ByteBuffer) throws(UploadError) -> [UInt8]? {
    let length = Self.lengthOfLine(in: buffer)
    try count(length ?? buffer.readableBytes)
    line.append(contentsOf: buffer.readBytes(length: length ?? buffer.readableBytes) ?? [])
    guard length != nil else { return nil }

    var complete: [UInt8] = []
    swap(&complete, &line)
    complete.removeLast()
    guard complete.popLast() == ASCII.carriageReturn else {
      throw UploadError(.malformedForm, "A part's header line ends in LF alone; lines of a form end in CR LF.")
    }
    guard !complete.contains(ASCII.carriageReturn) else {
      throw UploadError(.malformedForm, "A part's header line holds a CR; write %0D for one inside a name.")
    }
    if !complete.isEmpty { try countLine() }
    return complete
  }

  private mutating func countLine() throws(UploadError) {
    guard count < maximumCount else {
      throw UploadError(.tooLarge, "A part has more than \(maximumCount) header lines; send fewer.")
    }
    count += 1
  }

  /// The length of the first line with its LF; nil when there is no LF.
  private static func lengthOfLine(in buffer: ByteBuffer) -> Int? {
    buffer.withUnsafeReadableBytes { bytes in
      guard let start = bytes.baseAddress, let end = memchr(start, CInt(ASCII.lineFeed), bytes.count) else {
        return nil
      }
      return UnsafeRawPointer(end) - start + 1
    }
  }
}
