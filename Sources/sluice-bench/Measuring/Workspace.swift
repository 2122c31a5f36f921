import Foundation
import UploadCore

/// A directory for one measurement, on the disk that is measured.
enum Workspace {
  /// Makes a directory in `parent`, hands it to `body`, and removes it with all it holds, however `body` ends.
  ///
  /// What was removed is let go by the disk before this returns, so that it does not burden the next measurement.
  /// - Throws: ``UploadError`` with code `badDirectory`, or what `body` throws.
  static func use<Result>(in parent: String, _ body: (_ path: String) throws -> Result) throws -> Result {
    let path = parent + "/sluice-bench-\(UploadID())"
    do {
      try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
    } catch {
      throw UploadError(.badDirectory, "Nothing can be made in \(parent); name another --dir.", cause: error)
    }
    return try Interrupt.guarded(undo: { remove(path, from: parent) }) { try body(path) }
  }

  private static func remove(_ path: String, from parent: String) {
    try? FileManager.default.removeItem(atPath: path)
    sync(parent)
  }

  private static func sync(_ directory: String) {
    let descriptor = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard descriptor >= 0 else { return }
    fsync(descriptor)
    close(descriptor)
  }
}
