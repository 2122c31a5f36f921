import Glibc
import NIOCore
import UploadCore

/// Copies the bytes of several unfinished uploads into another one, on workers: in steps, so that one copy of many
/// gigabytes does not occupy a thread that other uploads need.
struct UnfinishedConcatenation: Sendable {
  /// The most uploads that are copied into one; the same one may be repeated.
  static let maximumParts = 1000
  /// How much one step copies at most, in bytes.
  static let step = 64 * 1024 * 1024

  private let finalizer: Finalizer
  private let parts: [UnfinishedRecord]
  /// The sum of their lengths, in bytes.
  private let length: UInt64

  private var calls: FileCalls { finalizer.directory.calls }

  /// How far the copy has come.
  private struct Position: Sendable {
    var part = 0
    /// Within the part, in bytes.
    var offset: UInt64 = 0
    /// In the whole, in bytes.
    var total: UInt64 = 0
  }

  /// - Throws: ``UploadError`` with code `badRequest` or `tooLarge` when they cannot be concatenated.
  init(
    _ parts: [UnfinishedRecord],
    into record: UnfinishedRecord,
    finalizer: Finalizer
  ) throws(UploadError) {
    guard parts.count <= Self.maximumParts, record.offset == 0, !parts.contains(where: { $0.id == record.id }) else {
      let limit = "At most \(Self.maximumParts) uploads can be concatenated, into a new one."
      throw UploadError(.badRequest, limit)
    }
    var sum: UInt64 = 0
    for part in parts {
      let (next, isOverflow) = sum.addingReportingOverflow(part.offset)
      guard !isOverflow, next <= UInt64(Int64.max), part.state == .unfinished else {
        throw UploadError(.tooLarge, "The uploads are too large to be concatenated, or one is not available.")
      }
      sum = next
    }
    self.parts = parts
    self.finalizer = finalizer
    length = sum
  }

  /// Copies everything, and records the offset.
  /// - Parameter upload: the target, which is closed afterwards.
  /// - Returns: the sum of the lengths in bytes; fails with ``UploadError``.
  func run(_ upload: UnfinishedFile, on eventLoop: any EventLoop) -> EventLoopFuture<UInt64> {
    let promise = eventLoop.makePromise(of: UInt64.self)
    let position: Position?
    do throws(UploadError) {
      try finalizer.directory.space.promise(length)
      position = Position()
    } catch {
      position = nil
      promise.fail(error)
    }
    guard let position else {
      finalizer.workers.submit { _ in upload.file.discard() }
      return promise.futureResult
    }
    promise.futureResult.whenComplete { [self] _ in finalizer.directory.space.release(length) }
    advance(position, upload, promise)
    return promise.futureResult
  }

  private func advance(_ position: Position, _ upload: UnfinishedFile, _ promise: EventLoopPromise<UInt64>) {
    finalizer.workers.submit { [self] state in
      do {
        switch state {
        case .cancelled: throw CancellationError()
        case .active:
          guard position.part < parts.count else { return promise.succeed(try end(upload)) }
          advance(try copied(position, to: upload), upload, promise)
        }
      } catch {
        upload.file.discard()
        promise.fail(error)
      }
    }
  }

  private func end(_ upload: UnfinishedFile) throws -> UInt64 {
    let extent = WritePlan.Extent(offset: length, count: 0, isLarge: false, ahead: nil)
    return try upload.suspend((extent, false), UnsafeRawBufferPointer(start: nil, count: 0))
  }

  /// Copies the next bytes of one part.
  private func copied(_ position: Position, to upload: UnfinishedFile) throws(UploadError) -> Position {
    let part = parts[position.part]
    let left = part.offset - min(part.offset, position.offset)
    guard left > 0 else { return Position(part: position.part + 1, total: position.total) }
    let source = DescriptorReserve.openFile { upload.folder.open(.data, of: part.id, O_RDONLY) }
    guard source >= 0 else { throw errno == ENOENT ? UnfinishedFile.gone : StorageError.uploadFailed("open") }
    defer { DescriptorReserve.closeFile(source) }
    let end = position.offset + min(left, UInt64(Self.step))
    let count = try copy(source, position.offset..<end, to: upload.file.descriptor, at: position.total)
    upload.progress.wrote(position.total..<position.total + count)
    return Position(part: position.part, offset: position.offset + count, total: position.total + count)
  }

  /// Copies some bytes of a range: within the kernel, or by reading and writing where the file system cannot.
  /// - Returns: how many, at least one.
  private func copy(
    _ source: Int32,
    _ range: Range<UInt64>,
    to target: Int32,
    at offset: UInt64
  ) throws(UploadError) -> UInt64 {
    let count = calls.copy(source, range, target, offset)
    if count > 0 { return UInt64(count) }
    // The part is shorter than its record says.
    if count == 0 { throw UnfinishedFile.gone }
    switch errno {
    case EXDEV, EINVAL, ENOSYS, EOPNOTSUPP, EBADF, EPERM, ETXTBSY: break
    default: throw StorageError.uploadFailed("write")
    }
    guard let slab = Slab(size: Slab.large) else { throw StorageError.uploadFailed("mmap") }
    let most = min(range.count, slab.bytes.count)
    let read = pread(source, slab.bytes.baseAddress, most, off_t(clamping: range.lowerBound))
    if read == 0 { throw UnfinishedFile.gone }
    guard read > 0 else { throw StorageError.uploadFailed("read") }
    let written = calls.write(target, UnsafeRawBufferPointer(rebasing: slab.bytes[..<read]), offset)
    if written == 0 { errno = EIO }
    guard written > 0 else { throw StorageError.uploadFailed("write") }
    return UInt64(written)
  }
}
