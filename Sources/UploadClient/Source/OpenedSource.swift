import CLinux
package import Glibc
import NIOCore
import UploadCore
import UploadProtocol

/// A source that has been opened: a regular file with its stamp, or a stream of unknown length.
///
/// Every method but ``region(_:)`` may block: call it on a thread pool. The descriptors are closed when the last reference
/// is released: a read that still runs after its upload was cancelled never uses a descriptor number that has been reused.
final class OpenedSource: Sendable {
  /// A regular file, and the part of it to send: from ``start`` to its end.
  struct Regular: Sendable {
    /// The file's state when it was opened.
    let stamp: FileStamp
    /// Offset of the first byte to send.
    let start: UInt64
    /// A second descriptor of the same file, for sendfile alone: a handle must not be used by two threads at once, and checks
    /// run while a region is sent.
    let handle: NIOFileHandle
  }

  /// How much is read at once to compute a digest, in bytes.
  private static let digestReadSize: UInt64 = 1 << 20

  /// The name for messages: the path, or the caller's name for a descriptor.
  let label: String

  /// The descriptor for `fstat` and for reading; this object closes it.
  let descriptor: CInt

  /// The regular file to send; nil for a stream, whose length is known only at its end.
  let regular: Regular?

  /// - Parameters:
  ///   - descriptor: open for reading; closed together with the handle in `regular`.
  ///   - regular: nil for a stream.
  init(label: String, descriptor: CInt, regular: Regular?) {
    self.label = label
    self.descriptor = descriptor
    self.regular = regular
  }

  deinit {
    try? regular?.handle.close()
    Glibc.close(descriptor)
  }

  /// Bytes to send, by the file's size when it was opened: 0 when the descriptor's offset is beyond its end; nil for a
  /// stream.
  var size: UInt64? {
    regular.map { $0.stamp.size - min($0.start, $0.stamp.size) }
  }

  /// Bytes `range` of the content to send, for SwiftNIO to send straight from the file; nil for a stream. `range` is
  /// relative to the first byte to send, and is not compared with ``size``.
  func region(_ range: Range<UInt64>) -> FileRegion? {
    regular.map { file in
      FileRegion(
        fileHandle: file.handle,
        readerIndex: Int(file.start + range.lowerBound),
        endIndex: Int(file.start + range.upperBound)
      )
    }
  }

  /// Checks that a regular file has not changed since it was opened; does nothing for a stream. Renaming or removing the
  /// file is no change.
  /// - Throws: ``UploadError`` with code `fileChanged`, or `unreadableFile` when the file system reports an error.
  func check() throws(UploadError) {
    guard let regular else { return }
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { throw SourceFailure.reading(label, errno) }
    let now = FileStamp(status)
    guard now == regular.stamp else { throw SourceFailure.changed(label, from: regular.stamp, to: now) }
  }

  /// Replaces the content of `buffer` with bytes `range` of a regular file's content to send.
  /// - Throws: ``UploadError`` with code `unreadableFile`, or `fileChanged` when the file has become shorter.
  func read(_ range: Range<UInt64>, into buffer: inout ByteBuffer) throws(UploadError) {
    buffer.clear(minimumCapacity: range.count)
    var result = Result<Int, UploadError>.success(0)
    buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: range.count) { space in
      result = Result { () throws(UploadError) in
        try read(into: UnsafeMutableRawBufferPointer(rebasing: space[..<range.count]), at: range.lowerBound)
      }
      return (try? result.get()) ?? 0
    }
    guard try result.get() < range.count else { return }
    try check()
    throw SourceFailure.reading(label, ENODATA)
  }

  /// Fills `buffer` with the bytes at `offset` of the content to send.
  /// - Returns: how many bytes were read; fewer than the buffer has room for only at the end of the file.
  private func read(into buffer: UnsafeMutableRawBufferPointer, at offset: UInt64) throws(UploadError) -> Int {
    // A descriptor's offset may be as large as a file offset can be.
    let start = off_t(clamping: (regular?.start ?? 0) + offset)
    var done = 0
    while done < buffer.count {
      let rest = UnsafeMutableRawBufferPointer(rebasing: buffer[done...])
      let count = pread(descriptor, rest.baseAddress, rest.count, start + off_t(done))
      if count == 0 { break }
      guard count > 0 || errno == EINTR else { throw SourceFailure.reading(label, errno) }
      done += max(0, count)
    }
    return done
  }

  /// The media type that a regular file's bytes show; nil when they show none, and for a stream, which can be read only
  /// once.
  /// - Throws: ``UploadError`` with code `unreadableFile`.
  func detectedType() throws(UploadError) -> String? {
    guard let size else { return nil }
    return try MediaTypeSniffer.type { (offset, count) throws(UploadError) in
      let offset = UInt64(offset)
      let count = Int(min(UInt64(count), size - min(offset, size)))
      return try withUnsafeTemporaryAllocation(byteCount: count, alignment: 1) { buffer throws(UploadError) in
        Array(buffer.prefix(try read(into: buffer, at: offset)))
      }
    }
  }

  /// Reads a regular file's content to send once more, and adds it to `hash`; adds nothing for a stream.
  /// - Parameter checkCancellation: called before each read; what it throws ends the reading.
  /// - Throws: ``UploadError`` with code `fileChanged` or `unreadableFile`, and what `checkCancellation` throws.
  func add(to hash: inout SHAHash, checkCancellation: () throws(UploadError) -> Void) throws(UploadError) {
    var buffer = ByteBuffer()
    var offset: UInt64 = 0
    while let size, offset < size {
      try checkCancellation()
      let end = min(offset + Self.digestReadSize, size)
      try read(offset..<end, into: &buffer)
      buffer.withUnsafeReadableBytes { hash.update($0) }
      offset = end
    }
    try check()
  }
}

/// What distinguishes two states of a file, as `fstat` reports it.
///
/// The time of the last inode change (ctime) is left out on purpose: renaming or removing the file changes it, and neither
/// changes a byte of what is sent.
package struct FileStamp: Sendable, Equatable {
  /// The file's size in bytes.
  package let size: UInt64
  let device: UInt64
  let inode: UInt64
  /// When the content last changed, in seconds since 1970. The resolution, with the nanoseconds, is the kernel's clock
  /// tick: two changes within one tick, often 4 ms, may have the same time.
  package let modifiedSeconds: Int64
  let modifiedNanoseconds: Int64

  package init(_ status: stat) {
    size = UInt64(max(0, status.st_size))
    device = UInt64(status.st_dev)
    inode = UInt64(status.st_ino)
    var status = status
    modifiedSeconds = clinux_modified_seconds(&status)
    modifiedNanoseconds = clinux_modified_nanoseconds(&status)
  }
}
