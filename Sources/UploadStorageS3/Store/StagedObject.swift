import Synchronization
import UploadCore
import UploadStorage

/// A multipart upload that has begun under the key that its object gets.
struct MultipartObject: Sendable {
  /// The key of the object.
  let key: String
  /// The file's path: the requested one, or with a number.
  let path: NameBytes
  /// The engine's ID of the upload.
  let uploadID: String
  /// What was noted with it when it began.
  let metadata: ObjectMetadata
  /// On the key.
  var claim: ObjectClaim
  /// Renews the claim, until it is cancelled; nil for that of an unfinished upload, which is not renewed.
  var renewing: Task<Void, Never>?
}

/// A file of which every byte has arrived, and which is no object yet: its only part is spooled, or all its parts are accepted
/// by the engine. Deleted with its last reference unless it has been taken.
final class StagedObject: StagedFile {
  /// Where the bytes are.
  enum Content: Sendable {
    /// In a file of the local disk; sent with one request.
    case spooled(SpooledPart)
    /// At the engine.
    case parts(MultipartObject, [S3Part])
  }

  /// Of its upload.
  let meter: UploadMeter
  /// The name that it is to get, and what else its request states.
  let request: FinalizeRequest
  /// Of the whole content; all that are known.
  let digests: ContentDigests
  /// In bytes.
  let size: UInt64
  private let contents: Mutex<Content?>
  private let discarding: @Sendable (Content) -> Void

  /// - Parameter discarding: deletes the content; does not block.
  init(
    _ content: Content,
    size: UInt64,
    digests: ContentDigests,
    request: FinalizeRequest,
    meter: UploadMeter,
    discarding: @escaping @Sendable (Content) -> Void
  ) {
    contents = Mutex(content)
    (self.size, self.digests, self.request, self.meter) = (size, digests, request, meter)
    self.discarding = discarding
  }

  deinit {
    discard()
  }

  /// Nil once it was taken or discarded.
  var content: Content? { contents.withLock { $0 } }

  /// Passes the content on to the caller, who has to see to its end; nil when it was taken or discarded before.
  func take() -> Content? {
    contents.withLock { content in
      defer { content = nil }
      return content
    }
  }

  /// Deletes the content, unless it was taken.
  func discard() {
    if let content = take() { discarding(content) }
  }
}
