import Glibc
package import NIOCore
package import UploadCore

/// A file in the store.
package struct StoredFile: Sendable, Equatable {
  /// The name, byte for byte.
  package var nameBytes: NameBytes
  /// The name as text; bytes that are not UTF-8 are escaped.
  package var name: String { nameBytes.description }
  /// In bytes.
  package var size: UInt64
  /// Media type as noted when it was stored; nil where that is not known.
  package var type: String?
  /// Last change, in seconds since 1970.
  package var modified: Int64
  /// Whether it has replaced another file of that name.
  package var replaced: Bool
  /// Those digests of its content that were computed when it was stored.
  package var digests: ContentDigests

  package init(
    name: NameBytes,
    size: UInt64,
    type: String?,
    modified: Int64,
    replaced: Bool = false,
    digests: ContentDigests = ContentDigests()
  ) {
    nameBytes = name
    self.size = size
    self.type = type
    self.modified = modified
    self.replaced = replaced
    self.digests = digests
  }
}

/// Distinguishes the contents that a name has had, as far as the store can.
package struct FileVersion: Sendable, Equatable {
  /// Last change, in seconds since 1970.
  package let modified: Int64
  /// Different for different contents: letters, digits and hyphens.
  package let text: String

  package init(modified: Int64, text: String) {
    self.modified = modified
    self.text = text
  }
}

/// A stored file opened for reading: it has one version and its whole content for as long as this is referenced, even when
/// another file replaces it meanwhile.
package protocol OpenFile: Sendable {
  var file: StoredFile { get }
  var version: FileVersion { get }

  /// Its content, or a part of it.
  /// - Parameter range: in bytes, within `0..<file.size`.
  func content(in range: Range<UInt64>) -> FileContent
}

/// The files of a store at one instant: newest first, then by the bytes of their names. Holds memory of the budget as long
/// as it is referenced.
package protocol FileListing: Sendable {
  /// How many files there were.
  var count: Int { get }

  /// Opens files one after the other, in their order, until `body` returns false or none is left. Files that have been
  /// removed since are skipped.
  /// - Parameters:
  ///   - start: the place in the order to begin at, within `0...count`.
  ///   - initial: the value that `body` changes, such as text that it appends to.
  ///   - body: gets the value, and a file that is open during the call. May block.
  /// - Returns: the changed value, and the place to continue at: `count` when none is left.
  func read<Value: Sendable>(
    from start: Int,
    into initial: Value,
    _ body: @escaping @Sendable (inout Value, any OpenFile) -> Bool
  ) async throws -> (value: Value, next: Int)
}

/// The bytes of an open file, as its store can provide them.
package enum FileContent: Sendable {
  /// A part of a local file, which can be read in any order.
  case region(LocalFileRegion)
  /// The bytes in their order, as they arrive from elsewhere. Ends early only with an error.
  case buffers(any AsyncSequence<ByteBuffer, any Error> & Sendable)
}

/// A part of a local file, open as long as this is referenced.
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
  package let offset: UInt64
  /// In bytes.
  package let length: UInt64

  /// The first `length` bytes of an open file.
  /// - Parameters:
  ///   - owned: the file's descriptor, to be closed with the last region of it.
  ///   - readers: threads to read it on.
  init(owned descriptor: Int32, length: UInt64, readers: WorkerPool) {
    owner = Owner(descriptor)
    self.readers = readers
    (offset, self.length) = (0, length)
  }

  private init(_ whole: LocalFileRegion, _ range: Range<UInt64>) {
    (owner, readers) = (whole.owner, whole.readers)
    (offset, length) = (range.lowerBound, range.upperBound - range.lowerBound)
  }

  /// The file's descriptor; valid as long as this is referenced.
  package var descriptor: Int32 { owner.descriptor }

  /// A part of the region.
  /// - Parameter range: in bytes, within `0..<length`.
  package func part(_ range: Range<UInt64>) -> LocalFileRegion {
    let range = range.clamped(to: 0..<length)
    return LocalFileRegion(self, (offset + range.lowerBound)..<(offset + range.upperBound))
  }

  /// Runs `body` on a thread of the store, where it may block.
  /// - Throws: what `body` throws.
  package func reading<Result: Sendable>(
    _ body: @escaping @Sendable (LocalFileRegion) throws -> Result
  ) async throws -> Result {
    try await readers.runIfActive { [self] in try body(self) }
  }

  /// Reads at most `buffer.count` bytes of the region; blocks.
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
