import DashboardApp
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

  /// Writes a frame; an older one of that name is replaced.
  /// - Parameter name: without anything that leads elsewhere.
  /// - Throws: ``UploadError`` as ``OutputFile`` does.
  func write(_ frame: Surface, name: String) throws(UploadError) {
    let file = try OutputFile(path: "\(path)/\(name).\(format.fileExtension)", existing: .replace)
    try file.write(format == .text ? frame.text : frame.ansiText)
    try file.finish()
  }

  private static func failure(_ code: UploadError.Code, _ path: String, _ cause: SystemCallError) -> UploadError {
    UploadError(code, "\(PlainText.sanitized(path)): \(cause.reason).", cause: cause)
  }
}
