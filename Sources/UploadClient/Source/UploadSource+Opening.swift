import Glibc
import NIOCore
import UploadCore

extension UploadSource {
  /// Opens the source and looks at what it is. May block: call it on a thread pool.
  /// - Throws: ``UploadError`` with code `unreadableFile` when it is missing, may not be read, or is no regular file but
  ///   was named as one.
  func open() throws(UploadError) -> OpenedSource {
    switch origin {
    case .file(let path):
      // Without O_NONBLOCK, opening a pipe would wait for somebody to write to it. Regular files do not care.
      let descriptor = NameBytes.withPath(path) { Glibc.open($0, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY) }
      guard descriptor >= 0 else { throw SourceFailure.opening(path, errno) }
      return try Self.opened(descriptor, label: path, namedAsFile: true)
    case .descriptor(let original):
      let descriptor = fcntl(original, F_DUPFD_CLOEXEC, 0)
      guard descriptor >= 0 else { throw SourceFailure.descriptor(name, errno) }
      return try Self.opened(descriptor, label: name, namedAsFile: false)
    }
  }

  /// Takes over `descriptor`, whatever happens.
  private static func opened(
    _ descriptor: CInt,
    label: String,
    namedAsFile: Bool
  ) throws(UploadError) -> OpenedSource {
    do throws(UploadError) {
      var status = stat()
      guard fstat(descriptor, &status) == 0 else { throw SourceFailure.descriptor(label, errno) }
      // The network layer takes EBADF from sendfile for a bug of its own and stops the program.
      guard fcntl(descriptor, F_GETFL) & O_ACCMODE != O_WRONLY else { throw SourceFailure.descriptor(label, EBADF) }
      guard status.st_mode & S_IFMT == S_IFREG else {
        guard !namedAsFile, status.st_mode & S_IFMT != S_IFDIR else {
          throw SourceFailure.notRegular(label, status.st_mode)
        }
        return OpenedSource(label: label, descriptor: descriptor, regular: nil, handle: nil)
      }
      let stamp = FileStamp(status)
      guard holds(stamp.size, descriptor) else {
        return OpenedSource(label: label, descriptor: descriptor, regular: nil, handle: nil)
      }
      // A named file is sent from its beginning, a descriptor from where it stands.
      let start = namedAsFile ? 0 : UInt64(max(0, lseek(descriptor, 0, SEEK_CUR)))
      let second = fcntl(descriptor, F_DUPFD_CLOEXEC, 0)
      guard second >= 0 else { throw SourceFailure.descriptor(label, errno) }
      return OpenedSource(
        label: label,
        descriptor: descriptor,
        regular: OpenedSource.Regular(stamp: stamp, start: start),
        handle: NIOFileHandle(_deprecatedTakingOwnershipOfDescriptor: second)
      )
    } catch {
      Glibc.close(descriptor)
      throw error
    }
  }

  /// Whether a regular file has the bytes that its size promises. Those of `/proc` say 0 and have some, those of `/sys`
  /// say 4096 and have fewer: only reading to the end tells how many.
  private static func holds(_ size: UInt64, _ descriptor: CInt) -> Bool {
    var byte: UInt8 = 0
    guard size > 0 else { return pread(descriptor, &byte, 1, 0) == 0 }
    // What cannot be read is told when it is sent.
    return pread(descriptor, &byte, 1, off_t(clamping: size - 1)) != 0
  }
}
