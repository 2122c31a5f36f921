import Basics
import FoundationEssentials
import NIOCore
import UploadCore
import UploadStorage

/// What is stored of an unfinished upload, as its newest lease says. Only the holder of the lease changes it.
///
/// Full parts are at the engine, as parts of a multipart upload. A hash of the content up to a part's end is noted before the
/// part is sent, so that it is known for every part that the engine has: parts cannot be read before the upload is complete. The
/// bytes behind the last part are an object of their own, the tail.
struct StoredContent: Codable, Sendable, Equatable {
  private static let currentVersion = 1
  /// The longest text that is read, in bytes: a key and a path of 1,024 bytes, escaped, an upload ID, and some hashes.
  static let longest = 64 * 1024
  /// How many hashes are noted: more than parts may be under way at once.
  private static let checkpointCount = 8

  /// The multipart upload.
  struct Multipart: Codable, Sendable, Equatable {
    var key: String
    /// The file's path (``NameBytes/losslessText``).
    var path: String
    var uploadID: String
    var type: String?
    var modified: Int64?
    /// Of the content, where it was stated when the upload began: hexadecimal.
    var sha256: String?
    var isExclusive: Bool
  }

  /// The hash of the content up to the end of a part.
  struct Checkpoint: Codable, Sendable, Equatable {
    /// How many parts that are.
    var parts: Int
    /// The state of a ``SavableSHA256`` in Base64.
    var hash: String
  }

  /// The object with the bytes behind the last part.
  struct Tail: Codable, Sendable, Equatable {
    /// Of the lease under which it was stored: names it.
    var number: Int
    /// The offset of its first byte.
    var start: UInt64
    /// In bytes; more than 0.
    var size: UInt64
  }

  /// The file that is being published, or is published.
  struct Publication: Codable, Sendable, Equatable {
    /// The path (``NameBytes/losslessText``): the requested one until it is published.
    var path: String
    var size: UInt64
    var type: String?
    var modified: Int64?
    var sha256: String?
    var sha512: String?
    var replaced: Bool
    var isDone: Bool
  }

  private var version = currentVersion
  /// Distinguishes the lease from others of that number.
  var writer = UploadID().description
  /// Marks the object as this upload's: ``ObjectMetadata/upload``.
  var holder: String
  /// In bytes; does not change.
  let partSize: UInt64
  /// Whether its holder has no further use for the lease.
  var isReleased = false
  /// Nil before it has begun, and once the upload has ended.
  var object: Multipart?
  /// In the order of their parts.
  var checkpoints: [Checkpoint] = []
  /// Nil without bytes behind the last part.
  var tail: Tail?
  /// Nil before the end of the file.
  var publication: Publication?

  init(holder: UploadID, partSize: UInt64) {
    (self.holder, self.partSize) = (holder.description, partSize)
  }

  /// Reads the text of a lease; nil for anything but a complete one in this version.
  init?(_ bytes: some Collection<UInt8>) {
    guard let content = try? JSONDecoder().decode(Self.self, from: Data(bytes)), content.version == Self.currentVersion,
      PartPlan(partSize: content.partSize) != nil, UploadID(content.holder) != nil
    else { return nil }
    self = content
  }

  /// The text of the lease.
  /// - Throws: what the encoder throws.
  var body: S3Body { get throws { .bytes(ByteBuffer(bytes: try JSONEncoder().encode(self))) } }

  // MARK: Changes

  /// Notes the hash at the end of a part that is about to be sent.
  mutating func note(_ hash: SavableSHA256, parts: Int) {
    checkpoints.removeAll { $0.parts == parts }
    checkpoints.append(Checkpoint(parts: parts, hash: Base64.encode(hash.saved)))
    checkpoints = checkpoints.sorted { $0.parts < $1.parts }.suffix(Self.checkpointCount)
  }

  /// Forgets all parts behind the first `parts`.
  mutating func keep(parts: Int) { checkpoints = checkpoints.filter { $0.parts <= parts }.suffix(1) }

  // MARK: What is stored

  /// The bytes of an upload that can be continued.
  struct Stored: Sendable, Equatable {
    /// How many full parts the engine has.
    var parts = 0
    /// Of their bytes.
    var hash = SavableSHA256()
    /// Begins where the last part ends.
    var tail: Tail?

    /// In bytes.
    var offset: UInt64 { hash.length + (tail?.size ?? 0) }

    static func == (first: Stored, second: Stored) -> Bool {
      (first.parts, first.hash.saved, first.tail) == (second.parts, second.hash.saved, second.tail)
    }
  }

  /// What can be continued: the first parts without a gap, as far as the hash of their bytes is known, and the tail if it
  /// begins there.
  /// - Parameter listed: the parts that the engine has; nil when the lease was released, and its checkpoint is that of the last
  ///   one.
  func stored(_ listed: [S3Part]?) -> Stored {
    // No upload has more, whatever a lease says.
    let whole = min(listed.map { Self.contiguous($0, of: partSize) } ?? .max, Int(PartPlan.maximumCount))
    var stored = Stored()
    for checkpoint in checkpoints where checkpoint.parts > stored.parts && checkpoint.parts <= whole {
      let (length, overflows) = UInt64(checkpoint.parts).multipliedReportingOverflow(by: partSize)
      guard let hash = Base64.decode(checkpoint.hash.utf8).flatMap({ SavableSHA256(saved: $0) }), !overflows,
        hash.length == length
      else { continue }
      (stored.parts, stored.hash) = (checkpoint.parts, hash)
    }
    if let tail, tail.start == stored.hash.length, tail.size > 0, tail.size <= partSize { stored.tail = tail }
    return stored
  }

  /// How many parts there are from the first one on without a gap, each of the full size.
  /// - Parameter listed: in the order of their numbers.
  static func contiguous(_ listed: [S3Part], of partSize: UInt64) -> Int {
    var count = 0
    for part in listed {
      guard part.number == count + 1, part.size == partSize else { break }
      count += 1
    }
    return count
  }
}

extension StoredContent.Multipart {
  init(_ object: MultipartObject) {
    self.init(
      key: object.key,
      path: object.path.losslessText,
      uploadID: object.uploadID,
      type: object.metadata.type,
      modified: object.metadata.modified,
      sha256: object.metadata.sha256.map { Hexadecimal.text($0) },
      isExclusive: object.claim.isExclusive
    )
  }

  /// The claim on the object's name.
  func claim(of id: UnfinishedID, holder: UploadID) -> ClaimRecord {
    ClaimRecord(holder: holder, key: key, uploadID: uploadID, unfinished: id)
  }

  /// The multipart upload, which this process continues.
  func object(holder: UploadID, claim: ObjectClaim) -> MultipartObject {
    let digest = sha256.flatMap { ContentDigests(sha256Text: $0) }?.sha256
    let metadata = ObjectMetadata(type: type, modified: modified, sha256: digest, upload: holder)
    let path = NameBytes(lossless: path)
    return MultipartObject(key: key, path: path, uploadID: uploadID, metadata: metadata, claim: claim)
  }
}

extension StoredContent.Publication {
  /// The file that is about to be published.
  init(_ request: FinalizeRequest, size: UInt64, digests: ContentDigests) {
    self.init(
      path: request.path.bytes.losslessText,
      size: size,
      type: request.type,
      modified: request.modified,
      sha256: digests.sha256Text,
      sha512: digests.sha512.map { Hexadecimal.text($0) },
      replaced: false,
      isDone: false
    )
  }

  /// Notes that it is published.
  mutating func finish(_ file: StoredFile) {
    path = file.nameBytes.losslessText
    (type, modified, replaced, isDone) = (file.type, file.modified, file.replaced, true)
  }

  /// The published file.
  var file: StoredFile {
    var digests = sha256.flatMap { ContentDigests(sha256Text: $0) } ?? ContentDigests()
    digests.sha512 = sha512.flatMap { Hexadecimal.bytes($0.utf8) }
    return StoredFile(
      name: NameBytes(lossless: path),
      size: size,
      type: type,
      modified: modified ?? 0,
      replaced: replaced,
      digests: digests
    )
  }
}
