import CLinux
import Glibc
package import NIOCore
package import UploadCore

/// A stored file opened for reading: the same file for as long as this is referenced, even when another one replaces
/// it, or its name is removed. Only a program that changes it in place changes its content.
package protocol OpenFile: Sendable {
  /// Name, size, type and digests, as they were when it was opened.
  var file: StoredFile { get }
  /// Differs from that of any other content that the name has had, as far as the store can tell.
  var version: FileVersion { get }

  /// Its content, or a part of it; reads nothing yet.
  /// - Parameter range: in bytes, within `0..<file.size`.
  func content(in range: Range<UInt64>) -> FileContent

  /// The URL that clients are redirected to, to get the content from there; nil where they get it from this server.
  var location: String? { get }
}

extension OpenFile {
  /// The content comes from this server.
  package var location: String? { nil }
}

/// An entry of a listing.
package enum ListedEntry: Sendable {
  /// A directory: its name, without the path, and its last change in seconds since 1970.
  case directory(name: NameBytes, modified: Int64)
  /// A file, open while the entry is passed on.
  case file(any OpenFile)
}

/// What a directory of a store contained when it was listed: directories first, by the bytes of their names, then files,
/// newest first, those of one second by the bytes of their names. Retains memory of the budget until its last reference
/// is gone.
package protocol FileListing: Sendable {
  /// How many entries were listed: directories and files.
  var count: Int { get }

  /// Passes on entries one after the other, in their order, until `body` returns false or none is left; opens the files.
  /// What has been removed since, or cannot be opened, is skipped.
  /// - Parameters:
  ///   - start: the place in the order to begin at, within `0...count`.
  ///   - order: another order: the places of entries in that of the listing, each below `count`; nil for that itself.
  ///   - initial: the value that `body` changes, such as text that it appends to.
  ///   - body: gets the value, and an entry; a file is open during the call. Runs on a thread of the store, where it may
  ///     block.
  /// - Returns: the changed value, and the place to continue at: after the entry for which `body` returned false;
  ///   `count`, or that of `order`, when none is left.
  /// - Throws: `CancellationError` when the store has been shut down.
  func read<Value: Sendable>(
    from start: Int,
    in order: [UInt32]?,
    into initial: Value,
    _ body: @escaping @Sendable (inout Value, ListedEntry) -> Bool
  ) async throws -> (value: Value, next: Int)
}

extension FileListing {
  /// The same in the listing's own order.
  package func read<Value: Sendable>(
    from start: Int,
    into initial: Value,
    _ body: @escaping @Sendable (inout Value, ListedEntry) -> Bool
  ) async throws -> (value: Value, next: Int) {
    try await read(from: start, in: nil, into: initial, body)
  }
}

/// The bytes of an open file, as its store can provide them.
package enum FileContent: Sendable {
  /// A part of a local file, which can be read in any order.
  case region(LocalFileRegion)
  /// The bytes in their order, as they arrive from elsewhere; exactly those of the range unless it throws.
  case buffers(any AsyncSequence<ByteBuffer, any Error> & Sendable)
}

/// A part of a local file, which is open as long as this or a part of it is referenced.
package struct LocalFileRegion: Sendable {
  /// Closes a descriptor with the last reference.
  private final class Owner: Sendable {
    let descriptor: Int32

    init(_ descriptor: Int32) {
      self.descriptor = descriptor
    }

    deinit {
      close(descriptor)
    }
  }

  private let owner: Owner
  /// Threads that may block, for ``reading(_:)``.
  private let readers: WorkerPool
  /// Where it begins in the file, in bytes.
  package private(set) var offset: UInt64
  /// How long it is, in bytes. The file may end earlier when another program has truncated it.
  package private(set) var length: UInt64

  /// The first `length` bytes of an open file.
  /// - Parameters:
  ///   - owned: the file's descriptor, to be closed with the last region of it.
  ///   - readers: threads to read it on, see ``reading(_:)``.
  init(owned descriptor: Int32, length: UInt64, readers: WorkerPool) {
    owner = Owner(descriptor)
    self.readers = readers
    (offset, self.length) = (0, length)
  }

  /// The file's descriptor; valid as long as this is referenced. The caller must not close it.
  package var descriptor: Int32 { owner.descriptor }

  /// A part of the region.
  /// - Parameter range: in bytes from the region's start, within `0..<length`; bytes beyond that are left out.
  package func part(_ range: Range<UInt64>) -> LocalFileRegion {
    let range = range.clamped(to: 0..<length)
    var part = self
    (part.offset, part.length) = (offset + range.lowerBound, range.upperBound - range.lowerBound)
    return part
  }

  /// Runs `body` on a thread of the store, where it may block.
  /// - Throws: what `body` throws, or `CancellationError` when the store has been shut down.
  package func reading<Result: Sendable>(
    _ body: @escaping @Sendable (LocalFileRegion) throws -> Result
  ) async throws -> Result {
    try await readers.runIfActive { [self] in try body(self) }
  }

  /// Runs `body` on a thread of the store, where it may block.
  /// - Returns: what `body` returns, on `eventLoop`; fails with what it throws, or with `CancellationError` when the store
  ///   has been shut down.
  package func reading<Result: Sendable>(
    on eventLoop: any EventLoop,
    _ body: @escaping @Sendable (LocalFileRegion) throws -> Result
  ) -> EventLoopFuture<Result> {
    readers.runIfActive(eventLoop: eventLoop) { [self] in try body(self) }
  }

  /// Whether the whole region is in the page cache, so that ``load()`` is not needed. Does not wait: callable on an event
  /// loop (4 MiB take 1 to 40 µs). False also when that is not known.
  package var isLoaded: Bool {
    clinux_is_cached(descriptor, Int64(clamping: offset), Int64(clamping: length)) != 0
  }

  /// Reads the whole region into the page cache, so that `sendfile` does not wait for the disk; blocks, so call it within
  /// ``reading(on:_:)``.
  /// - Returns: how many bytes are in the page cache: fewer than the region has when the file is shorter by now; nil
  ///   when the file system does not support `sendfile`.
  package func load() -> UInt64? {
    let count = clinux_load(descriptor, Int64(clamping: offset), Int64(clamping: length))
    return count < 0 ? nil : UInt64(count)
  }

  /// Releases this reference on a thread of the store: closing a file may take time.
  package consuming func release() {
    let (readers, owner) = (readers, owner)
    readers.submit { _ in withExtendedLifetime(owner) {} }
  }

  /// The size of the file now, in bytes; blocks briefly. 0 when it cannot be determined.
  package var fileSize: UInt64 {
    var status = stat()
    return fstat(descriptor, &status) == 0 ? UInt64(max(0, status.st_size)) : 0
  }

  /// Reads at most `buffer.count` bytes of the region, perhaps fewer; blocks, so call it within ``reading(_:)``.
  /// - Parameter position: where to begin, in bytes from the region's start.
  /// - Returns: how many were read; 0 at the end of the region, or of the file.
  /// - Throws: ``UploadError`` with code `storageFailed`.
  package func read(into buffer: UnsafeMutableRawBufferPointer, at position: UInt64) throws(UploadError) -> Int {
    guard position < length else { return 0 }
    let wanted = Int(min(UInt64(buffer.count), length - position))
    while true {
      let count = pread(descriptor, buffer.baseAddress, wanted, off_t(clamping: offset + position))
      if count >= 0 { return count }
      let cause = SystemCallError("pread", errno)
      if cause.number != EINTR { throw UploadError(.storageFailed, "The file cannot be read: \(cause).", cause: cause) }
    }
  }
}
