import Glibc
import NIOCore
import UploadCore

/// A source that has been opened and looked at: a regular file with its stamp, or a stream of unknown length.
///
/// Every call but ``region(_:)`` may block and belongs on a thread pool. The descriptors are closed when the last holder
/// lets go, so that a read which still runs when an upload is given up never meets a descriptor that is somebody else's.
final class OpenedSource: Sendable {
  /// A regular file, and the part of it to send.
  struct Regular: Sendable {
    let stamp: FileStamp
    /// Where the first byte to send lies.
    let start: UInt64
    /// Bytes to send.
    var count: UInt64 { stamp.size > start ? stamp.size - start : 0 }
  }

  /// The name for messages: the path, or the name given for a descriptor.
  let label: String

  /// For `fstat` and reading.
  let descriptor: CInt

  /// Nil for a stream, whose length only its end tells.
  let regular: Regular?

  /// A second descriptor of the same file, for sendfile alone: a handle refuses to be used from two threads at once, and
  /// checks run while a region is on its way.
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

  /// Bytes to send; nil when only the source's end tells.
  var size: UInt64? {
    regular?.count
  }

  /// Bytes `range` of what is to be sent, for the network layer to take straight from the file; nil for a stream.
  func region(_ range: Range<UInt64>) -> FileRegion? {
    guard let handle, let regular else { return nil }
    return FileRegion(
      fileHandle: handle,
      readerIndex: Int(regular.start + range.lowerBound),
      endIndex: Int(regular.start + range.upperBound)
    )
  }

  /// Makes sure that a regular file is still as it was when it was opened. A file that was renamed or removed counts as
  /// unchanged: its content is.
  /// - Throws: ``UploadError`` with code `fileChanged`, or `unreadableFile` when the file system does not answer.
  func check() throws(UploadError) {
    guard let regular else { return }
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { throw SourceFailure.reading(label, errno) }
    let now = FileStamp(status)
    guard now != regular.stamp else { return }
    throw SourceFailure.changed(label, from: regular.stamp, to: now)
  }

  /// Reads at `offset` of what is to be sent into `buffer`, up to its end; fewer bytes only at the end of the file.
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
}
