import NIOCore
import UploadCore

/// The unwritten rest of a file whose last byte has arrived, with the request to finalize the file. A ``DiskUpload`` makes
/// it, the ``Finalizer`` writes it.
struct FileTail: Sendable {
  /// The last bytes; unchanged until the file is staged.
  enum Content: Sendable {
    /// Page-aligned, as `O_DIRECT` requires.
    case slab(Slab)
    /// Less than a block; may be empty.
    case buffer(ByteBuffer)

    /// In bytes.
    var count: Int {
      switch self {
      case .slab(let slab): slab.count
      case .buffer(let bytes): bytes.readableBytes
      }
    }

    /// Whether the memory is page-aligned.
    var isAligned: Bool {
      switch self {
      case .slab: true
      case .buffer: false
      }
    }
  }

  let request: FinalizeRequest
  /// The upload that the file is received by.
  let meter: UploadMeter
  /// The file; nil while nothing of it has been written.
  let file: PartialFile?
  let placement: WritePlan.Tail
  let content: Content
  /// The hash of everything before; nil when no digest is computed.
  let hash: Result<any ContentHash, any Error>?

  /// Whether the file is not worth keeping in the page cache.
  var isLarge: Bool { placement.extent.end >= WritePlan.largeFrom }

  /// Writes the tail, creates the file first if necessary, compares the digests, and notes type and digest; blocks. The
  /// result is complete but not synced.
  /// - Throws: ``UploadError``, with code `contentMismatch` when a digest is not the expected one, or what the hash failed
  ///   with.
  func write(into directory: UploadDirectory) throws -> StagedDiskFile {
    let file = try file ?? directory.createPartial()
    let extent = placement.extent
    switch content {
    case .slab(let slab): try file.write(extent, slab.filled, padding: slab.pad(to: WritePlan.alignment))
    case .buffer(let bytes):
      if extent.count > 0 { try bytes.withUnsafeReadableBytes { try file.write(extent, $0) } }
    }
    if placement.needsTruncation { try file.truncate(to: extent.end) }
    var digests = try digestsOfContent()
    if let late = request.late { digests.fill(from: try file.digests(late, length: extent.end)) }
    try digests.require(request.expected)
    file.note(type: request.type, sha256: digests.sha256)
    try file.applyMode()
    return StagedDiskFile(meter: meter, request: request, digests: digests, file: file)
  }

  private func digestsOfContent() throws -> ContentDigests {
    guard var hash = try hash?.get() else { return ContentDigests() }
    switch content {
    case .slab(let slab): hash.update(slab.filled)
    case .buffer(let bytes): bytes.withUnsafeReadableBytes { hash.update($0) }
    }
    return hash.digests
  }
}

/// A staged file of a ``DiskStore``.
struct StagedDiskFile: StagedFile {
  let meter: UploadMeter
  let request: FinalizeRequest
  /// Those digests of its content that were computed.
  let digests: ContentDigests
  let file: PartialFile
}

/// Whether a file is published at once, and the promise of the result.
enum FinalizeCompletion: Sendable {
  /// It gets its name later, with others.
  case staged(EventLoopPromise<StagedDiskFile>)
  case stored(EventLoopPromise<StoredFile>)

  func fail(_ error: any Error) {
    switch self {
    case .staged(let promise): promise.fail(error)
    case .stored(let promise): promise.fail(error)
    }
  }
}
