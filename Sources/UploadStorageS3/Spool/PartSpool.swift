import Crypto
import NIOCore
import UploadCore
import UploadStorage

/// A part of an upload in an unlinked file of the local disk, from where it is sent, also again.
struct SpooledPart: Sendable {
  /// From 1 on.
  let number: Int
  /// Its file; nil before the first byte is written.
  fileprivate(set) var file: PartialFile?
  /// In bytes.
  fileprivate(set) var size: UInt64 = 0
  /// Of its bytes; nil where requests need none.
  fileprivate var hash: SHA256?
  /// The hash of the whole content up to the end of the part; nil until the part is full.
  fileprivate(set) var hashAtEnd: (any ContentHash)?

  /// - Parameters:
  ///   - isHashed: whether requests need its digest (``S3Client/signsFiles``).
  ///   - file: of a part that is no longer needed, to be overwritten; nil for a new one.
  init(number: Int, isHashed: Bool, file: PartialFile? = nil) {
    (self.number, self.file) = (number, file)
    hash = isHashed ? SHA256() : nil
  }

  /// Reads the part again, for digests that were not requested before; blocks.
  /// - Parameter hash: has no bytes yet.
  func digests(_ hash: any ContentHash) throws(UploadError) -> ContentDigests {
    try file?.digests(hash, length: size) ?? hash.digests
  }

  /// What a request sends. The part must be retained until the request has ended.
  var body: S3Body {
    guard let file else { return .bytes(ByteBuffer()) }
    return .file(descriptor: file.descriptor, offset: 0, length: size, sha256: hash.map { Array($0.finalize()) } ?? [])
  }
}

/// Writes the bytes of one upload into the files of its parts, on the workers, and computes the digests of the parts and of the
/// whole file meanwhile. Lives on one event loop: every call is made there.
///
/// Files are written through the page cache, without a sync: they are read again soon, and nothing depends on them after a
/// crash. One write runs at a time; the whole file's digest is computed by another worker at the same time.
final class PartSpool {
  /// What of a slab belongs to one part.
  private struct Segment: Sendable {
    var part: SpooledPart
    let range: Range<Int>
  }

  /// The hash of all bytes that have been written, and copies of it at the ends of parts.
  private struct Hashed: Sendable {
    var whole: any ContentHash
    var atEnds: [Int: any ContentHash] = [:]
  }

  private let directory: UploadDirectory
  private let hashesParts: Bool
  private let workers: WorkerPool
  private let eventLoop: any EventLoop
  /// How the content is divided.
  let plan: PartPlan
  /// The part that is being filled; nil when the next byte begins another one.
  private(set) var current: SpooledPart?
  /// Nil while a worker has it.
  private var hash: (any ContentHash)?
  /// Whether a write has not ended.
  private(set) var isWriting = false
  /// How many bytes have been written, and are being written; those of earlier requests included.
  private(set) var size: UInt64
  /// Files of parts that the engine has accepted. The next parts overwrite their pages: allocating and freeing pages for each
  /// part would cost about 0.3 s of CPU per GB, of 0.8 s for receiving, writing and sending.
  private var spare: [PartialFile] = []

  /// - Parameters:
  ///   - hash: computes digests of the whole file, and has the bytes of earlier requests.
  ///   - size: how many bytes these are: whole parts.
  ///   - hashesParts: whether requests need the digests of parts (``S3Client/signsFiles``).
  init(
    _ plan: PartPlan,
    hash: any ContentHash,
    continuingAt size: UInt64 = 0,
    hashesParts: Bool,
    directory: UploadDirectory,
    workers: WorkerPool,
    on eventLoop: any EventLoop
  ) {
    (self.plan, self.directory, self.workers, self.eventLoop) = (plan, directory, workers, eventLoop)
    (self.hash, self.size, self.hashesParts) = (hash, size, hashesParts)
  }

  /// How many bytes fit into the part that is being filled; 0 when there is none.
  var room: UInt64 { current.map { plan.partSize - $0.size } ?? 0 }

  /// The digests of all bytes; call it when ``isWriting`` is false.
  var digests: ContentDigests { hash?.digests ?? ContentDigests() }

  /// Divides bytes that are about to be written among the part that is being filled and the next one.
  /// - Parameters:
  ///   - count: how many they are.
  ///   - open: opens the next part, and returns its number; nil where none may be opened.
  /// - Returns: the parts that the bytes go to; nil where one of them may not be opened.
  private func segments(_ count: Int, open: () -> Int?) -> [Segment]? {
    var segments: [Segment] = []
    var offset = 0
    while offset < count {
      guard let part = current ?? open().map(opened) else { return nil }
      let end = offset + Int(min(UInt64(count - offset), plan.partSize - part.size))
      segments.append(Segment(part: part, range: offset..<end))
      var next = part
      next.size += UInt64(end - offset)
      // What follows belongs to another part.
      current = next.size < plan.partSize ? next : nil
      offset = end
    }
    return segments
  }

  /// A part that has no bytes yet.
  private func opened(_ number: Int) -> SpooledPart {
    SpooledPart(number: number, isHashed: hashesParts, file: spare.popLast())
  }

  /// Writes bytes behind those written before. Call it only while ``isWriting`` is false, with at most as many bytes as a
  /// part has, and more than ``room`` only if another part may be opened.
  /// - Parameters:
  ///   - content: unchanged until the completion is called.
  ///   - open: opens another part, and returns its number; nil where none may be opened.
  ///   - completion: gets the parts that are full now, or why the bytes could not be written.
  func write(
    _ content: FileTail.Content,
    open: () -> Int?,
    then completion: @escaping (Result<[SpooledPart], any Error>) -> Void
  ) {
    guard let segments = segments(content.count, open: open) else {
      return completion(.failure(UploadError(.internalFailure, "A part was to be written that may not be opened.")))
    }
    size += UInt64(content.count)
    isWriting = true
    let written = workers.runIfActive(eventLoop: eventLoop) { [directory] in
      try segments.map { try Self.write($0, of: content, in: directory) }
    }
    let (hash, partSize) = (hash, plan.partSize)
    self.hash = nil
    let hashed = workers.runIfActive(eventLoop: eventLoop) { () -> Hashed? in
      guard var hashed = hash.map({ Hashed(whole: $0) }) else { return nil }
      for segment in segments {
        content.withBytes { hashed.whole.update(UnsafeRawBufferPointer(rebasing: $0[segment.range])) }
        guard segment.part.size + UInt64(segment.range.count) == partSize else { continue }
        hashed.atEnds[segment.part.number] = hashed.whole
      }
      return hashed
    }
    // Both read the content, which may change once both have ended.
    EventLoopFuture.whenAllComplete([written.map { _ in }, hashed.map { _ in }], on: eventLoop)
      .flatMap { _ in written.and(hashed) }
      .assumeIsolated()
      .whenComplete { result in
        self.isWriting = false
        completion(result.map { self.wrote($0, $1) })
      }
  }

  private func wrote(_ parts: [SpooledPart], _ hashed: Hashed?) -> [SpooledPart] {
    hash = hashed?.whole
    if let last = parts.last, last.number == current?.number { current = last }
    return parts.filter { $0.size == plan.partSize }.map { part in
      var part = part
      part.hashAtEnd = hashed?.atEnds[part.number]
      return part
    }
  }

  private static func write(
    _ segment: Segment,
    of content: FileTail.Content,
    in directory: UploadDirectory
  ) throws -> SpooledPart {
    var part = segment.part
    let file = try part.file ?? directory.createPartial()
    part.file = file
    try content.withBytes { bytes in
      let bytes = UnsafeRawBufferPointer(rebasing: bytes[segment.range])
      try file.write(.cached(bytes.count, at: part.size), bytes)
      part.hash?.update(bufferPointer: bytes)
    }
    part.size += UInt64(segment.range.count)
    return part
  }

  /// Ends the part that is being filled, which is the last one; nil when there is none.
  func takeLast() -> SpooledPart? {
    defer { current = nil }
    return current
  }

  /// Keeps the file of a part for another one. Call it only when the engine has accepted the part: until then a socket may
  /// still refer to the file's pages.
  func reuse(_ part: SpooledPart) {
    guard spare.count < PartsStateMachine.partsAtOnce else { return discard(part) }
    if let file = part.file { spare.append(file) }
  }

  /// Has a worker delete the file of a part: that frees its blocks, which takes time.
  func discard(_ part: SpooledPart) {
    guard let file = part.file else { return }
    workers.submit { _ in file.discard() }
  }

  /// Has a worker delete the files that are kept for further parts: there are none.
  func discardSpare() {
    guard !spare.isEmpty else { return }
    workers.submit { [spare] _ in spare.forEach { $0.discard() } }
    spare = []
  }
}
