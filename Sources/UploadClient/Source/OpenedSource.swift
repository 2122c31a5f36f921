import CLinux
import Glibc
import NIOCore
import UploadCore
import UploadProtocol

/// A source that has been opened: a regular file with its stamp, or a stream of unknown length.
///
/// Every call but ``region(_:)`` may block and belongs on a thread pool. The descriptors are closed when the last reference
/// is released: a read that still runs after its upload was cancelled never uses a descriptor number that has been reused.
final class OpenedSource: Sendable {
  /// A regular file, and the part of it to send.
  struct Regular: Sendable {
    let stamp: FileStamp
    /// Offset of the first byte to send.
    let start: UInt64
    /// Bytes to send.
    var count: UInt64 { stamp.size > start ? stamp.size - start : 0 }
  }

  /// How much is read at once to compute a digest, in bytes.
  private static let digestReadSize = 1 << 20

  /// The name for messages: the path, or the name given for a descriptor.
  let label: String

  /// For `fstat` and reading.
  let descriptor: CInt

  /// Nil for a stream, whose length is known only at its end.
  let regular: Regular?

  /// A second descriptor of the same file, for sendfile alone: a handle must not be used by two threads at once, and checks
  /// run while a region is sent.
  private let handle: NIOFileHandle?

  init(label: String, descriptor: CInt, regular: Regular?, handle: NIOFileHandle?) {
    self.label = label
    self.descriptor = descriptor
    self.regular = regular
    self.handle = handle
  }

  deinit {
    try? handle?.close()
    Glibc.close(descriptor)
  }

  /// Bytes to send; nil for a stream.
  var size: UInt64? {
    regular?.count
  }

  /// Bytes `range` of what is to be sent, for SwiftNIO to send straight from the file; nil for a stream.
  func region(_ range: Range<UInt64>) -> FileRegion? {
    guard let handle, let regular else { return nil }
    return FileRegion(
      fileHandle: handle,
      readerIndex: Int(regular.start + range.lowerBound),
      endIndex: Int(regular.start + range.upperBound)
    )
  }

  /// Checks that a regular file has not changed since it was opened. Renaming or removing it does not change its content.
  /// - Throws: ``UploadError`` with code `fileChanged`, or `unreadableFile` when the file system reports an error.
  func check() throws(UploadError) {
    guard let regular else { return }
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { throw SourceFailure.reading(label, errno) }
    let now = FileStamp(status)
    guard now != regular.stamp else { return }
    throw SourceFailure.changed(label, from: regular.stamp, to: now)
  }

  /// Fills `buffer` with the bytes at `offset` of what is to be sent.
  /// - Returns: how many bytes were read; fewer than the buffer holds only at the end of the file.
  /// - Throws: ``UploadError`` with code `unreadableFile`.
  func read(into buffer: UnsafeMutableRawBufferPointer, at offset: UInt64) throws(UploadError) -> Int {
    var done = 0
    while done < buffer.count {
      let rest = UnsafeMutableRawBufferPointer(rebasing: buffer[done...])
      let count = pread(descriptor, rest.baseAddress, rest.count, off_t((regular?.start ?? 0) + offset) + off_t(done))
      if count < 0 {
        guard errno == EINTR else { throw SourceFailure.reading(label, errno) }
      } else if count == 0 {
        break
      } else {
        done += count
      }
    }
    return done
  }

  /// The media type that the first bytes show; nil when they show none, and for a stream, which can be read only once.
  func detectedType() throws(UploadError) -> String? {
    guard let size else { return nil }
    return try MediaTypeSniffer.type { (offset, count) throws(UploadError) in
      let offset = UInt64(offset)
      return try bytes(at: offset, count: Int(min(UInt64(count), size - min(offset, size))))
    }
  }

  /// The digests of a regular file's content, which is read again after it was sent.
  /// - Throws: ``UploadError`` with code `fileChanged` or `unreadableFile`, and what `checkCancellation` throws.
  func digests(
    _ hash: any ContentHash,
    checkCancellation: () throws(UploadError) -> Void
  ) throws(UploadError) -> ContentDigests {
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: Self.digestReadSize, alignment: 4096)
    defer { buffer.deallocate() }
    var hash = hash
    var offset: UInt64 = 0
    let size = size ?? 0
    while offset < size {
      try checkCancellation()
      let wanted = Int(min(UInt64(Self.digestReadSize), size - offset))
      let count = try read(into: UnsafeMutableRawBufferPointer(rebasing: buffer[..<wanted]), at: offset)
      hash.update(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
      offset += UInt64(count)
      // The file is shorter than it was: the check reports that.
      if count < wanted { break }
    }
    try check()
    return hash.digests
  }

  private func bytes(at offset: UInt64, count: Int) throws(UploadError) -> [UInt8] {
    try withUnsafeTemporaryAllocation(byteCount: count, alignment: 1) { buffer throws(UploadError) in
      Array(buffer.prefix(try read(into: buffer, at: offset)))
    }
  }
}

/// What distinguishes two states of a file, as `fstat` reports it.
///
/// The time of the last inode change (ctime) is left out on purpose: renaming or removing the file changes it, and neither
/// changes a byte of what is sent.
struct FileStamp: Sendable, Equatable {
  /// In bytes.
  let size: UInt64
  let device: UInt64
  let inode: UInt64
  /// Time of the last change of the content. Its resolution is the kernel's clock tick: two changes within 4 ms may have the
  /// same time.
  let modifiedSeconds: Int64
  let modifiedNanoseconds: Int64

  init(_ status: stat) {
    size = UInt64(max(0, status.st_size))
    device = UInt64(status.st_dev)
    inode = UInt64(status.st_ino)
    var status = status
    modifiedSeconds = clinux_modified_seconds(&status)
    modifiedNanoseconds = clinux_modified_nanoseconds(&status)
  }
}
