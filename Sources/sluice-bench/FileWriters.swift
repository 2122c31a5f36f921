import Basics
import CLinux
import Glibc
import NIOCore
import NIOPosix
import UploadCore
import UploadProtocol
import UploadStorage

/// One block of random bytes in memory; the content of files is this block, repeated. Aligned for O_DIRECT.
///
/// Unchecked, because nothing changes after the initializer.
final class DiskSource: @unchecked Sendable {
  /// Length of the block in bytes.
  static let blockSize = 1 << 20
  /// Alignment in bytes of the memory address and the length of a direct write. Both must be multiples of the disk's
  /// logical block size, which is 512 or 4096.
  static let alignment = 4096

  /// The block, for system calls; valid while this object exists.
  let bytes: UnsafeRawBufferPointer
  /// A copy of the block, for the store.
  let buffer: ByteBuffer

  init() {
    let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: Self.blockSize, alignment: Self.alignment)
    var noise = SplitMix64(seed: 2)
    noise.fill(memory)
    bytes = UnsafeRawBufferPointer(memory)
    buffer = ByteBuffer(bytes: bytes)
  }

  deinit { bytes.deallocate() }
}

/// A directory in which files are stored with system calls alone: what the disk reaches with the least work.
final class BareDirectory: Sendable {
  private let descriptor: Int32

  /// Opens an existing directory.
  /// - Throws: ``UploadError`` with code `storageFailed`.
  init(path: String) throws(UploadError) {
    descriptor = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    try expect(descriptor >= 0, "open")
  }

  deinit { if descriptor >= 0 { close(descriptor) } }

  /// Stores one file so that it survives a power failure: it is on disk, under its name, when this returns.
  /// - Throws: ``UploadError`` with code `storageFailed`, also when the name exists.
  func store(_ content: [UInt8], as name: String) throws(UploadError) {
    let file = try write(content)
    defer { close(file) }
    try expect(fdatasync(file) == 0, "fdatasync")
    try link(file, as: name)
    try expect(fsync(descriptor) == 0, "fsync")
  }

  /// Stores files of one content in the same way, with one sync of the bytes of all (syncfs; where that is not
  /// available, one of each file) and one of each directory.
  /// - Parameter places: directories of one file system, and a name for each file.
  /// - Throws: ``UploadError`` with code `storageFailed`, also when a name exists.
  static func store(_ content: [UInt8], as places: [(directory: BareDirectory, name: String)]) throws(UploadError) {
    guard let first = places.first?.directory else { return }
    var files: [Int32] = []
    defer { for file in files { close(file) } }
    for place in places { files.append(try place.directory.write(content)) }
    if clinux_sync_file_system(first.descriptor) != 0 {
      for file in files { try first.expect(fdatasync(file) == 0, "fdatasync") }
    }
    for (file, place) in zip(files, places) { try place.directory.link(file, as: place.name) }
    for descriptor in Set(places.map(\.directory.descriptor)) { try first.expect(fsync(descriptor) == 0, "fsync") }
  }

  /// Writes a new file without a name.
  /// - Returns: its descriptor, which the caller closes.
  private func write(_ content: [UInt8]) throws(UploadError) -> Int32 {
    let file = clinux_open_unnamed(descriptor, 0o600)
    try expect(file >= 0, "open")
    let written = Glibc.write(file, content, content.count)
    if written != content.count { close(file) }
    try expect(written == content.count, "write")
    return file
  }

  private func link(_ file: Int32, as name: String) throws(UploadError) {
    try expect(clinux_link_descriptor(file, descriptor, name) == 0, "linkat")
  }

  /// Writes a new file, the repeated block of `source`, and waits until it is synced; the directory is not.
  /// - Parameters:
  ///   - size: length of the file in bytes.
  ///   - direct: whether to write past the page cache into preallocated space.
  /// - Throws: ``UploadError`` with code `storageFailed`, also when the name exists.
  func write(_ source: DiskSource, size: Int, name: String, direct: Bool) throws(UploadError) {
    let file = openat(descriptor, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
    try expect(file >= 0, "open")
    defer { close(file) }
    if direct {
      try expect(clinux_set_direct(file, 1) == 0, "fcntl")
      let status = posix_fallocate(file, 0, off_t(size))
      try expect(status == 0, "posix_fallocate", status)
    }
    var offset = 0
    while offset < size {
      var length = min(DiskSource.blockSize, size - offset)
      if direct { length = (length + DiskSource.alignment - 1) / DiskSource.alignment * DiskSource.alignment }
      let written = pwrite(file, source.bytes.baseAddress, length, off_t(offset))
      try expect(written > 0, "pwrite")
      offset += written
    }
    try expect(offset == size || ftruncate(file, off_t(size)) == 0, "ftruncate")
    try expect(fsync(file) == 0, "fsync")
  }

  private func expect(_ success: Bool, _ call: String, _ number: Int32? = nil) throws(UploadError) {
    try check(success, call, .storageFailed, "Cannot write with system calls", number)
  }
}

/// A store with an event loop and worker threads of its own.
final class BenchStore: Sendable {
  let store: DiskStore
  let budget: MemoryBudget
  let eventLoop: any EventLoop
  private let eventLoops = MultiThreadedEventLoopGroup(numberOfThreads: 1)
  private let workers = WorkerPool(threads: WorkerPool.diskThreads)

  /// Opens the directory, which is created if missing, and starts the threads.
  /// - Parameter limit: bytes of memory for all uploads together.
  /// - Throws: ``UploadError`` with code `badDirectory`, or `badValue` when the limit is too small.
  init(directory: String, limit: UInt64) throws(UploadError) {
    budget = try MemoryBudget(limit: limit)
    store = DiskStore(directory: try UploadDirectory(path: directory), budget: budget, workers: workers)
    eventLoop = eventLoops.next()
  }

  deinit {
    workers.shutDownAndWait()
    try? eventLoops.syncShutdownGracefully()
  }

  /// Stores a file of `size` bytes, fed by the event loop as in the server, and blocks until it is synced under its
  /// name. Not for the event loop.
  /// - Parameters:
  ///   - block: the content, which is repeated.
  ///   - algorithms: the digests to compute.
  /// - Throws: ``UploadError``: `contentMismatch` when the stored file has another size, or the error of the store.
  func write(_ block: ByteBuffer, size: Int, name: String, algorithms: Set<DigestAlgorithm>) throws {
    let (store, eventLoop) = (store, eventLoop)
    let file = FileName(name) ?? .fallback
    let hash = SHAHash(algorithms)
    let stored = eventLoop.flatSubmit {
      StoreFeeder(file, size: size, of: block, on: eventLoop).feed(store, hash: hash)
        .flatMap { store.publish([$0], on: eventLoop) }
    }
    guard try stored.wait().first?.size == UInt64(size) else {
      throw UploadError(.contentMismatch, "The size of the stored file \(name) is not \(size) bytes.")
    }
  }
}

/// Writes one file to a store as fast as the store accepts it. Lives on one event loop.
private final class StoreFeeder: UploadSinkDelegate {
  private let name: FileName
  private let block: ByteBuffer
  private let meter: UploadMeter
  private let staged: EventLoopPromise<any StagedFile>
  private var left: Int
  private var sink: (any UploadSink)?

  /// - Parameters:
  ///   - size: bytes of the file.
  ///   - block: its content, which is repeated.
  init(_ name: FileName, size: Int, of block: ByteBuffer, on eventLoop: any EventLoop) {
    (self.name, self.block, left) = (name, block, size)
    staged = eventLoop.makePromise()
    meter = UploadMeter(direction: .incoming, mode: .stream, name: name.description, size: UInt64(size), remote: "")
  }

  /// Writes the file; call it once, on the event loop.
  /// - Parameter hash: computes digests of the content; nil for none.
  /// - Returns: the staged file: synced, and without a name. Fails with ``UploadError``.
  func feed(_ store: DiskStore, hash: (any ContentHash)?) -> EventLoopFuture<any StagedFile> {
    sink = store.begin(meter, hash: hash, condition: nil, on: staged.futureResult.eventLoop, delegate: self)
    sinkHasRoom()
    // The sink does not retain its delegate, so this closure does until the file is staged.
    return staged.futureResult.assumeIsolated().map { staged in withExtendedLifetime(self) { staged } }.nonisolated()
  }

  func sinkHasRoom() {
    guard let sink else { return }
    while left > 0, sink.hasRoom {
      var bytes = block
      bytes.moveWriterIndex(to: min(left, block.readableBytes))
      left -= bytes.readableBytes
      meter.addReceived(bytes.readableBytes)
      sink.write(bytes)
    }
    guard left == 0 else { return }
    self.sink = nil
    sink.stage(FinalizeRequest(path: FilePath(name))).cascade(to: staged)
  }

  func sinkFailed(_ error: UploadError) {
    sink = nil
    staged.fail(error)
  }
}
