import CLinux
import Glibc
import UploadCore

/// The file that is sent, as it was when the comparison began.
struct CompareFile: Sendable {
  /// Absolute: to programs a path that begins with a dash is an option.
  let path: String
  /// As it is shown.
  let name: String
  let size: UInt64
  private let state: State

  /// What tells one state of a file from another without reading it.
  private struct State: Sendable, Equatable {
    var device: UInt64
    var inode: UInt64
    var size: Int64
    var seconds: Int64
    var nanoseconds: Int64
  }

  /// - Throws: ``UploadError`` with code `unreadableFile`.
  init(_ path: String) throws(UploadError) {
    let shown = PlainText.sanitized(path)
    guard let resolved = realpath(path, nil) else {
      throw UploadError(.unreadableFile, "\(shown) cannot be read: \(String(cString: strerror(errno))).")
    }
    defer { free(resolved) }
    self.path = String(cString: resolved)
    name = PlainText.sanitized(String(self.path.split(separator: "/").last ?? ""))
    // A FIFO would hold the program until somebody writes to it.
    let descriptor = open(self.path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else {
      throw UploadError(.unreadableFile, "\(shown) cannot be read: \(String(cString: strerror(errno))).")
    }
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
      throw UploadError(.unreadableFile, "\(shown) is not a plain file. Name one, or make one with --size.")
    }
    state = Self.state(of: &status)
    size = UInt64(clamping: status.st_size)
  }

  /// - Throws: ``UploadError`` with code `fileChanged` when it is no longer what it was.
  func checkUnchanged() throws(UploadError) {
    var status = stat()
    guard stat(path, &status) == 0, Self.state(of: &status) == state else {
      throw UploadError(
        .fileChanged,
        "\(name) changed while it was compared, so the results mean nothing. Try again when nobody writes to it."
      )
    }
  }

  private static func state(of status: inout stat) -> State {
    State(
      device: UInt64(status.st_dev),
      inode: UInt64(status.st_ino),
      size: Int64(status.st_size),
      seconds: clinux_modified_seconds(&status),
      nanoseconds: clinux_modified_nanoseconds(&status)
    )
  }
}
