import Glibc
package import NIOCore
package import UploadCore

/// A stored file opened for reading: it has one version and its whole content for as long as this is referenced, even when
/// another file replaces it meanwhile.
package protocol OpenFile: Sendable {
  var file: StoredFile { get }
  var version: FileVersion { get }

  /// Its content, or a part of it.
  /// - Parameter range: in bytes, within `0..<file.size`.
  func content(in range: Range<UInt64>) -> FileContent
}

/// The bytes of an open file, as its store can provide them.
package enum FileContent: Sendable {
  /// A part of a local file, which can be read in any order, or sent by `sendfile`.
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
  /// Where it begins in the file, in bytes.
  package let offset: UInt64
  /// In bytes.
  package let length: UInt64

  /// The first `length` bytes of an open file.
  /// - Parameter owned: the file's descriptor, to be closed with the last region of it.
  package init(owned descriptor: Int32, length: UInt64) {
    owner = Owner(descriptor)
    (offset, self.length) = (0, length)
  }

  private init(_ owner: Owner, _ range: Range<UInt64>) {
    self.owner = owner
    (offset, length) = (range.lowerBound, range.upperBound - range.lowerBound)
  }

  /// The file's descriptor; valid as long as this is referenced.
  package var descriptor: Int32 { owner.descriptor }

  /// A part of the region.
  /// - Parameter range: in bytes, within `0..<length`.
  package func part(_ range: Range<UInt64>) -> LocalFileRegion {
    let range = range.clamped(to: 0..<length)
    return LocalFileRegion(owner, (offset + range.lowerBound)..<(offset + range.upperBound))
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
