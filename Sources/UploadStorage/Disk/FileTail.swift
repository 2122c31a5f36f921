package import NIOCore
import Synchronization
import UploadCore

/// The unwritten rest of a file whose last byte has arrived, with the request to finalize the file. A ``DiskUpload`` makes
/// it, the ``Finalizer`` writes it. A class, because it passes through several queues and copies of its many values would
/// cost more.
package final class FileTail: Sendable {
  /// The bytes that are left; unchanged until the file is staged.
  package enum Content: Sendable {
    /// Page-aligned, as `O_DIRECT` requires.
    case slab(Slab)
    /// Less than ``WritePlan/alignment`` bytes, or the whole of a small file; may be empty.
    case buffer(ByteBuffer)

    /// In bytes.
    package var count: Int { withBytes { $0.count } }

    /// Whether the memory is page-aligned.
    var isAligned: Bool { slab != nil }

    package var slab: Slab? { if case .slab(let slab) = self { slab } else { nil } }

    /// Calls `body` with the bytes, which are valid during the call.
    package func withBytes<Result>(_ body: (UnsafeRawBufferPointer) throws -> Result) rethrows -> Result {
      switch self {
      case .slab(let slab): try body(slab.filled)
      case .buffer(let bytes): try bytes.withUnsafeReadableBytes(body)
      }
    }
  }

  let request: FinalizeRequest
  /// The meter of the upload that the file is received by.
  let meter: UploadMeter
  /// The file; nil when none has been created yet.
  let file: PartialFile?
  let placement: WritePlan.Tail
  let content: Content
  /// The hash of everything before ``content``, or why it could not be computed; nil when no digest is computed.
  let hash: Result<any ContentHash, any Error>?
  /// Computes digests for which the whole file is read again; nil for none.
  let reread: (any ContentHash)?

  init(
    request: FinalizeRequest,
    meter: UploadMeter,
    file: PartialFile?,
    placement: WritePlan.Tail,
    content: Content,
    hash: Result<any ContentHash, any Error>?,
    reread: (any ContentHash)? = nil
  ) {
    (self.request, self.meter, self.file, self.placement) = (request, meter, file, placement)
    (self.content, self.hash, self.reread) = (content, hash, reread)
  }

  /// The whole of a small file.
  convenience init(_ file: CompleteFile) {
    var plan = WritePlan(size: UInt64(file.content.readableBytes), isExact: true)
    self.init(
      request: file.request,
      meter: file.meter,
      file: nil,
      placement: plan.tail(file.content.readableBytes, isAligned: false),
      content: .buffer(file.content),
      hash: file.hash.map { .success($0) }
    )
  }

  /// Whether the whole file has at least ``WritePlan/largeFrom`` bytes: too many to be worth keeping in the page cache.
  var isLarge: Bool { placement.extent.end >= WritePlan.largeFrom }

  /// Writes the tail, creates the file first if necessary, compares the digests, sets the modification time,
  /// and notes type and digest; blocks. The result is complete but not synced.
  /// - Parameters:
  ///   - directory: where the file is to be stored.
  ///   - place: what the directory leads to now, or why nothing can be stored there: a file is created in it.
  /// - Throws: ``UploadError``, with code `contentMismatch` when an expected digest differs or was not computed, or
  ///   what the hash failed with. The file is not deleted then, unless this has created it.
  func write(
    into directory: UploadDirectory,
    in place: Result<FolderLookup, UploadError>
  ) throws -> StagedDiskFile {
    let file = try file ?? directory.createPartial(in: place.get(), for: request.path.directory)
    let extent = placement.extent
    let padding = content.slab?.pad(to: WritePlan.alignment) ?? 0
    if extent.count > 0 { try content.withBytes { try file.write(extent, $0, padding: padding) } }
    if placement.needsTruncation { try file.truncate(to: extent.end) }
    var digests = ContentDigests()
    if var hash = try hash?.get() {
      content.withBytes { hash.update($0) }
      digests = hash.digests
    }
    if let reread { digests.fill(from: try file.digests(reread, length: extent.end)) }
    if let late = request.late { digests.fill(from: try file.digests(late, length: extent.end)) }
    try digests.require(request.expected)
    if let modified = request.modified { file.setModified(modified) }
    FileAttributes(descriptor: file.descriptor).note(type: request.type, sha256: digests.sha256)
    try file.applyMode()
    return StagedDiskFile(meter: meter, request: request, digests: digests, file: file)
  }
}

/// A staged file of a ``DiskStore``: complete, without its final name. Deleted with the last reference unless it has
/// been published.
final class StagedDiskFile: StagedFile {
  let meter: UploadMeter
  let request: FinalizeRequest
  /// Those digests of its content that were computed.
  let digests: ContentDigests
  let file: PartialFile

  init(meter: UploadMeter, request: FinalizeRequest, digests: ContentDigests, file: PartialFile) {
    (self.meter, self.request, self.digests, self.file) = (meter, request, digests, file)
  }
}

/// Whether a file is published as soon as it is staged, and the promise of the result.
enum FinalizeCompletion: Sendable {
  /// Only staged: it gets its name later, with others.
  case staged(EventLoopPromise<StagedDiskFile>)
  case stored(EventLoopPromise<StoredFile>)

  func fail(_ error: any Error) {
    switch self {
    case .staged(let promise): promise.fail(error)
    case .stored(let promise): promise.fail(error)
    }
  }
}

/// Files that are stored independently of each other, and reported at once when the last of them has ended: one turn of
/// the event loop serves all of them.
package final class StoredTogether: Sendable {
  package typealias Completion = @Sendable ([Result<StoredFile, any Error>]) -> Void

  private let results: Mutex<(all: [Result<StoredFile, any Error>], left: Int)>
  private let eventLoop: any EventLoop
  private let completion: Completion

  /// - Parameters:
  ///   - count: how many files; at least 1.
  ///   - completion: called once, on `eventLoop`, with the results in the order of the files.
  package init(_ count: Int, on eventLoop: any EventLoop, completion: @escaping Completion) {
    results = Mutex((all: Array(repeating: .failure(CancellationError()), count: count), left: count))
    (self.eventLoop, self.completion) = (eventLoop, completion)
  }

  /// Reports the result of one file. Call it once for each.
  package func complete(_ index: Int, _ result: Result<StoredFile, any Error>) {
    let ended = results.withLock { results -> [Result<StoredFile, any Error>]? in
      results.all[index] = result
      results.left -= 1
      return results.left == 0 ? results.all : nil
    }
    if let ended { eventLoop.execute { [completion] in completion(ended) } }
  }
}
