import Crypto
import UploadCore
import UploadStorage

/// What is noted with an object besides its bytes: media type, modification time, SHA-256, and the upload that has stored it.
/// Pure.
struct ObjectMetadata: Sendable, Equatable {
  /// Field names behind `x-amz-meta-`. `mtime`, in seconds since 1970, is what other programs for S3 use too.
  fileprivate enum Field {
    static let modified = "mtime"
    static let sha256 = "sha256"
    static let upload = "sluice-upload"
  }

  /// The media type; nil for the engine's default.
  var type: String?
  /// The modification time that the client states, in seconds since 1970; nil for the time at which it is stored.
  var modified: Int64?
  /// The SHA-256 of the content; nil where it is not known when the object is begun.
  var sha256: [UInt8]?
  /// Recognizes the object as stored by one upload.
  var upload: UploadID

  init(type: String?, modified: Int64?, sha256: [UInt8]?, upload: UploadID) {
    (self.type, self.modified, self.sha256, self.upload) = (type, modified, sha256, upload)
  }

  /// - Parameters:
  ///   - request: what the upload's request states.
  ///   - sha256: of the content; nil for the one that the request expects, which is compared before anything is stored.
  init(_ request: FinalizeRequest, sha256: [UInt8]?, upload: UploadID) {
    self.init(
      type: request.type,
      modified: request.modified,
      sha256: sha256 ?? request.expected.sha256,
      upload: upload
    )
  }

  /// What a request states to store it.
  var headers: S3ObjectHeaders {
    var fields = [Field.upload: upload.description]
    if let modified { fields[Field.modified] = String(modified) }
    if let sha256 { fields[Field.sha256] = Hexadecimal.text(sha256) }
    return S3ObjectHeaders(contentType: type, metadata: fields)
  }

  /// Whether an object was stored by one of some uploads.
  static func isOwn(_ object: S3Object, of uploads: Set<UploadID>) -> Bool {
    uploads.contains { object.metadata[Field.upload] == $0.description }
  }

  /// Whether an object was stored by this upload.
  func isOwn(_ object: S3Object) -> Bool { object.metadata[Field.upload] == upload.description }

  /// Whether an object was stored by any upload of this program.
  static func hasUpload(_ object: S3Object) -> Bool { object.metadata[Field.upload] != nil }
}

extension S3Object {
  /// The object as a file.
  /// - Parameter path: of the file, as ``ObjectNaming`` makes it of the key.
  func file(_ path: NameBytes) -> StoredFile {
    StoredFile(
      name: path,
      size: size,
      type: contentType,
      modified: statedTime ?? modified,
      digests: metadata[ObjectMetadata.Field.sha256].flatMap { ContentDigests(sha256Text: $0) } ?? ContentDigests()
    )
  }

  /// The modification time that was noted with it. Other programs write it with a fraction.
  private var statedTime: Int64? {
    metadata[ObjectMetadata.Field.modified].flatMap { Int64($0.prefix { $0 != "." }) }
  }

  /// Distinguishes it from other objects that the key has had, as far as the engine does.
  var version: FileVersion {
    // The tag may have any characters, or be empty.
    let digest = SHA256.hash(data: Array("\(size) \(modified) \(tag)".utf8))
    return FileVersion(modified: statedTime ?? modified, text: Hexadecimal.text(Array(digest.prefix(12))))
  }
}
