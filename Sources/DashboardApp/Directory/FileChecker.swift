package import Dashboard
import Glibc
import UploadCore

/// Looks whether files can be sent, before the user sends them.
///
/// Nothing is opened, so that no FIFO or device can hold the thread. The file system itself may: call it on a thread that
/// can wait.
package struct FileChecker: Sendable {
  private let paths: LocalPath
  private let targetProblem: @Sendable (SendDestination) -> String?

  /// - Parameter targetProblem: why nothing can be sent to a target, in words; nil when it can be tried.
  package init(paths: LocalPath, targetProblem: @escaping @Sendable (SendDestination) -> String?) {
    self.paths = paths
    self.targetProblem = targetProblem
  }

  /// The answer to ``DashboardEffect/check(paths:target:)``.
  package func check(paths: [String], target: SendDestination) -> SendCheck {
    SendCheck(files: paths.map { check($0) }, target: target, targetProblem: targetProblem(target))
  }

  private func check(_ path: String) -> SendCheck.File {
    var file = SendCheck.File(path: path)
    guard !path.utf8.contains(0) else {
      file.problem = "no name holds a NUL"
      return file
    }
    let absolute = paths.absolute(path)
    var status = stat()
    guard NameBytes.withPath(absolute, { stat($0, &status) }) == 0 else {
      file.problem = FileKind.reason(errno)
      return file
    }
    let kind = FileKind.kind(status.st_mode)
    if kind == .directory {
      file.problem = "a directory cannot be sent"
    } else if let problem = FileKind.problem(kind) {
      file.problem = problem
    } else {
      file.size = UInt64(max(0, status.st_size))
      if NameBytes.withPath(absolute, { faccessat(AT_FDCWD, $0, R_OK, AT_EACCESS) }) != 0 {
        file.problem = FileKind.reason(errno)
      }
    }
    return file
  }
}
