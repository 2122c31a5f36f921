import Glibc
import NIOCore
import UploadCore

/// The content to send: a file, or everything that can be read from a descriptor.
package struct UploadSource: Sendable {
  /// Where the bytes are read from.
  private enum Origin: Sendable {
    case file(path: String)
    /// Owned by the caller: this type duplicates it and never closes it.
    case descriptor(CInt)
    /// A path relative to an open directory.
    /// - Parameters:
    ///   - follows: whether symbolic links are followed.
    ///   - path: the whole path, for messages and for the journal.
    case entry(NameBytes, of: DirectoryHandle, follows: Bool, path: String)
  }

  private let origin: Origin

  /// The name under which the server should store it, of a file in a tree ``remotePath``; may contain bytes that are not
  /// UTF-8 (``NameBytes/losslessText``).
  package let name: String

  /// Where the server should store it: directories and name, separated by slashes, such as `photos/a/b.jpg`. The components
  /// are those of the file system: none is empty, `.` or `..`. May contain bytes that are not UTF-8
  /// (``NameBytes/losslessText``). Nil for a source that is no file of a tree: the server decides by ``name`` alone.
  package var remotePath: String?

  /// When the content last changed, in seconds since 1970, as a walk found it; nil where none has looked.
  package var modified: Int64?

  /// Bytes of content, as a walk found them; nil where none has looked. The file may have changed since.
  package var size: UInt64?

  /// The path that was named, as it was, or that a walk has found; nil for a descriptor.
  package var path: String? {
    switch origin {
    case .file(let path), .entry(_, of: _, follows: _, let path): path
    case .descriptor: nil
    }
  }

  /// A regular file, which is opened when its upload begins. Path and name may contain bytes that are not UTF-8
  /// (``NameBytes/losslessText``).
  /// - Parameter name: the name at the server; nil for the last component of the path.
  package static func file(_ path: String, name: String? = nil) -> UploadSource {
    // Split by bytes, as the file system does: a combining mark after a slash would form one character with it.
    let last = NameBytes(lossless: path).bytes.split(separator: UInt8(ascii: "/")).last
    return UploadSource(origin: .file(path: path), name: name ?? last.map { NameBytes($0).losslessText } ?? path)
  }

  /// The process's standard input. A regular file (`< FILE`) is sent from the descriptor's offset to its end, with its
  /// length in the request; a pipe or a device is sent until it ends, with its length unknown until then.
  /// - Parameter name: the name at the server.
  package static func standardInput(name: String) -> UploadSource {
    descriptor(0, name: name)
  }

  /// Any readable descriptor, with the rules of ``standardInput(name:)``. The caller closes it, and must keep it open until
  /// the upload has begun.
  package static func descriptor(_ descriptor: CInt, name: String) -> UploadSource {
    UploadSource(origin: .descriptor(descriptor), name: name)
  }

  /// A regular file below an open directory. Many sources share the directory, which is the only one that they keep open.
  /// - Parameters:
  ///   - name: the path relative to `directory`, without `.` and `..`.
  ///   - follows: whether symbolic links are followed, which then may lead anywhere. Without, a link that has replaced the
  ///     file, or a directory on the way to it, fails the upload.
  ///   - path: for messages and the journal.
  ///   - remotePath: see ``remotePath``.
  static func entry(
    _ name: NameBytes,
    of directory: DirectoryHandle,
    follows: Bool,
    path: String,
    remotePath: String
  ) -> UploadSource {
    UploadSource(
      origin: .entry(name, of: directory, follows: follows, path: path),
      name: remotePath,
      remotePath: remotePath
    )
  }

  /// Opens the source and finds out whether it is a regular file or a stream. May block: call it on a thread pool.
  /// - Throws: ``UploadError`` with code `unreadableFile` when it cannot be opened or read, is a directory, or was named as a
  ///   file and is not a regular one.
  func open() throws(UploadError) -> OpenedSource {
    let descriptor = try openDescriptor()
    let label = path ?? name
    do throws(UploadError) {
      let regular = try Self.regularFile(descriptor, label: label, namedAsFile: path != nil)
      return OpenedSource(label: label, descriptor: descriptor, regular: regular)
    } catch {
      Glibc.close(descriptor)
      throw error
    }
  }

  /// Reads a named regular file as a whole, with half the system calls of ``open()`` and a read. May block: call it on a
  /// thread pool.
  /// - Parameters:
  ///   - limit: in bytes.
  ///   - buffer: gets the content.
  /// - Returns: false when it is larger, is not read from its beginning, or has not as many bytes as its size says: then use
  ///   ``open()``.
  /// - Throws: as ``open()``, and ``UploadError`` with code `fileChanged` when the file has changed meanwhile.
  func readWhole(limit: UInt64, into buffer: inout ByteBuffer) throws(UploadError) -> Bool {
    guard let label = path else { return false }
    let descriptor = try openDescriptor()
    defer { Glibc.close(descriptor) }
    let status = try Self.status(descriptor, label)
    guard status.st_mode & S_IFMT == S_IFREG else { throw SourceFailure.notRegular(label, status.st_mode) }
    let stamp = FileStamp(status)
    guard stamp.size <= limit else { return false }
    let size = Int(stamp.size)
    buffer.clear(minimumCapacity: size + 1)
    var count = 0
    var code: CInt = 0
    buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: size + 1) { space in
      // One byte more than expected shows whether the size is right.
      repeat { count = pread(descriptor, space.baseAddress, size + 1, 0) } while count < 0 && errno == EINTR
      code = errno
      return max(0, count)
    }
    guard count >= 0 else { throw SourceFailure.reading(label, code) }
    // Not a mixture of two states of the file.
    let now = FileStamp(try Self.status(descriptor, label))
    guard now == stamp else { throw SourceFailure.changed(label, from: stamp, to: now) }
    return count == size
  }

  private static func status(_ descriptor: CInt, _ label: String) throws(UploadError) -> stat {
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { throw SourceFailure.descriptor(label, errno) }
    return status
  }

  /// - Throws: ``UploadError`` with code `unreadableFile`.
  private func openDescriptor() throws(UploadError) -> CInt {
    let descriptor: CInt
    switch origin {
    case .file(let named):
      // Without O_NONBLOCK, opening a pipe would wait for a writer. Regular files ignore the flag.
      descriptor = NameBytes.withPath(named) { Glibc.open($0, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY) }
      guard descriptor >= 0 else { throw SourceFailure.opening(named, errno) }
    case .entry(let entry, let directory, let follows, let named):
      descriptor = directory.openFile(entry, follows: follows)
      let code = errno
      guard descriptor >= 0 else {
        throw code == ELOOP && !follows ? SourceFailure.becameLink(named) : SourceFailure.opening(named, code)
      }
    case .descriptor(let original):
      descriptor = fcntl(original, F_DUPFD_CLOEXEC, 0)
      guard descriptor >= 0 else { throw SourceFailure.descriptor(name, errno) }
    }
    return descriptor
  }

  /// The state of a regular file and the part to send, with a second descriptor for sendfile.
  /// - Returns: nil for a stream.
  /// - Throws: as ``open()``.
  private static func regularFile(
    _ descriptor: CInt,
    label: String,
    namedAsFile: Bool
  ) throws(UploadError) -> OpenedSource.Regular? {
    let status = try status(descriptor, label)
    // SwiftNIO treats EBADF from sendfile as a bug of its own and stops the program.
    guard fcntl(descriptor, F_GETFL) & O_ACCMODE != O_WRONLY else { throw SourceFailure.descriptor(label, EBADF) }
    let isRegular = status.st_mode & S_IFMT == S_IFREG
    guard isRegular || !namedAsFile && status.st_mode & S_IFMT != S_IFDIR else {
      throw SourceFailure.notRegular(label, status.st_mode)
    }
    let stamp = FileStamp(status)
    guard isRegular, hasContent(ofSize: stamp.size, descriptor) else { return nil }
    // A named file is sent from its beginning, a descriptor from its offset.
    let start = namedAsFile ? 0 : UInt64(max(0, lseek(descriptor, 0, SEEK_CUR)))
    let second = fcntl(descriptor, F_DUPFD_CLOEXEC, 0)
    guard second >= 0 else { throw SourceFailure.descriptor(label, errno) }
    return OpenedSource.Regular(
      stamp: stamp,
      start: start,
      handle: NIOFileHandle(_deprecatedTakingOwnershipOfDescriptor: second)
    )
  }

  /// Whether a regular file has as many bytes as its size says. In `/proc` the size is 0 for files that have content, and in
  /// `/sys` it is 4096 for files that have less: only reading to the end shows how many bytes there are.
  private static func hasContent(ofSize size: UInt64, _ descriptor: CInt) -> Bool {
    var byte: UInt8 = 0
    guard size > 0 else { return pread(descriptor, &byte, 1, 0) == 0 }
    // A read error is reported when the file is sent.
    return pread(descriptor, &byte, 1, off_t(clamping: size - 1)) != 0
  }
}
