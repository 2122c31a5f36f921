import HTTPTypes
import UploadCore

/// The headers of a creation in tus.
struct TusCreation {
  /// nil for a deferred one, and of a final upload.
  var length: UInt64?
  var metadata: TusMetadata?
  var concat: TusConcat?
  var body: TusBody

  /// - Throws: ``UploadError`` with code `badRequest`, or `tooLarge` for a length that no file can have.
  init(_ fields: HTTPFields) throws(UploadError) {
    metadata = if let text = fields[.uploadMetadata] { try TusMetadata(text) } else { nil }
    concat = if let text = fields[.uploadConcat] { try TusConcat(text) } else { nil }
    body = try TusBody(fields)
    let isDeferred = fields[.uploadDeferLength] != nil
    if case .final = concat {
      guard fields[.uploadLength] == nil, !isDeferred else {
        throw UploadError(.badRequest, "A final upload must not have Upload-Length: it is the sum of its parts.")
      }
      return
    }
    length = try TusFields.length(fields)
    guard (length != nil) != isDeferred else {
      throw UploadError(.badRequest, "Write either Upload-Length: BYTES or Upload-Defer-Length: 1.")
    }
    guard !isDeferred || fields[.uploadDeferLength] == "1" else {
      throw UploadError(.badRequest, "Upload-Defer-Length is invalid. Write 1.")
    }
  }
}

/// The headers of a PATCH request in tus.
struct TusAppend {
  var offset: UInt64
  /// nil where the request states none.
  var length: UInt64?
  var body: TusBody

  /// - Throws: ``UploadError`` with code `badRequest`, or `tooLarge` for a length that no file can have.
  init(_ fields: HTTPFields) throws(UploadError) {
    guard let offset = fields[.uploadOffset].flatMap({ ResumableFields.digits($0) }) else {
      throw UploadError(.badRequest, "Upload-Offset is missing or invalid. Write a number of bytes.")
    }
    self.offset = offset
    length = try TusFields.length(fields)
    guard length == nil || fields[.uploadDeferLength] == nil else {
      throw UploadError(.badRequest, "Write either Upload-Length: BYTES or Upload-Defer-Length: 1.")
    }
    body = try TusBody(fields)
  }
}

/// What the headers of a request in tus say of its body.
struct TusBody {
  var hasType: Bool
  var checksum: BodyChecksum?
  var awaitsTrailer: Bool

  /// - Throws: ``UploadError`` with code `badRequest` for an invalid checksum.
  init(_ fields: HTTPFields) throws(UploadError) {
    hasType = ResumableFields.hasType(ResumableFields.tusType, fields)
    checksum = if let text = fields[.uploadChecksum] { try BodyChecksum(text) } else { nil }
    let announced = fields[.trailer]?.lowercased().split { $0 == "," || $0 == " " || $0 == "\t" } ?? []
    awaitsTrailer = checksum == nil && announced.contains("upload-checksum")
  }

  /// How it is appended.
  var plan: AppendPlan {
    var plan = AppendPlan()
    (plan.checksum, plan.awaitsChecksumTrailer) = (checksum, awaitsTrailer)
    return plan
  }
}

/// The constants of tus, and its numbers.
enum TusFields {
  static let version = "1.0.0"
  /// Without spaces: clients split lists at the comma.
  static let extensions =
    "creation,creation-with-upload,creation-defer-length,expiration,checksum,checksum-trailer,termination"
  /// The extension of servers whose store can copy the content of uploads.
  static let concatenation = "concatenation"

  /// `Upload-Length` of a request; nil where it has none.
  /// - Throws: ``UploadError`` with code `badRequest` for anything but digits, or `tooLarge` for a length that no file
  ///   can have.
  static func length(_ fields: HTTPFields) throws(UploadError) -> UInt64? {
    guard let text = fields[.uploadLength] else { return nil }
    if let length = ResumableFields.digits(text) { return length }
    guard !text.isEmpty, text.utf8.allSatisfy(ASCII.isDigit) else {
      throw UploadError(.badRequest, "Upload-Length is invalid. Write a number of bytes.")
    }
    throw UploadError(.tooLarge, "No file can have the length in Upload-Length.")
  }
}

/// The keys of ``UploadResource/properties`` in tus.
enum TusProperty {
  /// `Upload-Metadata` as the client wrote it.
  static let metadata = "metadata"
  /// `Upload-Concat` as the client wrote it; `final` alone where it is longer than ``maxConcat``.
  static let concat = "concat"
  /// The most bytes of `Upload-Concat` that are retained.
  static let maxConcat = 4096
}

extension UploadResource {
  /// Whether it is a part of other uploads (tus), which is never published.
  package var isPartial: Bool { properties[TusProperty.concat] == "partial" }

  /// Whether a final upload may consist of it: a part of which all bytes have arrived.
  package var isCompletePart: Bool { isPartial && state != .gone && offset == length }

  /// Whether the last request has been performed (tus), so that no body may follow.
  var isEnded: Bool { state == .finished || isCompletePart }

  /// Whether it consists of other uploads (tus).
  package var isConcatenation: Bool { properties[TusProperty.concat]?.hasPrefix("final") ?? false }
}
