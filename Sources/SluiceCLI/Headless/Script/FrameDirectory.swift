import Glibc
import TerminalUI
import UploadCore

/// Where a script's frames are written to.
struct FrameDirectory {
  let path: String
  let format: FrameFormat

  /// Makes the directory where it is missing.
  /// - Throws: ``UploadError`` with code `badDirectory`.
  init(path: String, format: FrameFormat) throws(UploadError) {
    guard mkdir(path, 0o755) == 0 || errno == EEXIST else {
      throw Self.failure(.badDirectory, path, SystemCallError("mkdir", errno))
    }
    self.path = path
    self.format = format
  }

  /// - Parameter name: without anything that leads elsewhere.
  /// - Throws: ``UploadError`` with code `storageFailed`.
  func write(_ frame: Surface, name: String) throws(UploadError) {
    let file = "\(path)/\(name).\(format.fileExtension)"
    let descriptor = open(file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else { throw Self.failure(.storageFailed, file, SystemCallError("open", errno)) }
    defer { close(descriptor) }
    guard Output.write(format == .text ? frame.text : frame.ansiText, to: descriptor) else {
      throw Self.failure(.storageFailed, file, SystemCallError("write", errno))
    }
  }

  private static func failure(_ code: UploadError.Code, _ path: String, _ cause: SystemCallError) -> UploadError {
    UploadError(code, "\(PlainText.sanitized(path)): \(cause.reason).", cause: cause)
  }
}
