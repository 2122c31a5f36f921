package import Dashboard
import Glibc
import UploadCore

/// Looks whether files can be sent, before the user sends them.
///
/// Nothing is opened, so that no FIFO or device can block the thread. The file system itself may: call it on a thread that
/// can wait.
package struct FileChecker: Sendable {
  private let paths: LocalPath
  private let targetProblem: @Sendable (SendDestination) -> String?

  /// - Parameter targetProblem: why nothing can be sent to a target; nil when it can be tried.
  package init(paths: LocalPath, targetProblem: @escaping @Sendable (SendDestination) -> String?) {
    self.paths = paths
    self.targetProblem = targetProblem
  }

  /// The result of ``DashboardEffect/check(paths:target:)``.
  package func check(paths: [String], target: SendDestination) -> SendCheck {
    SendCheck(files: paths.map { check($0) }, target: target, targetProblem: targetProblem(target))
  }

  private func check(_ path: String) -> SendCheck.File {
    var file = SendCheck.File(path: path)
    guard !path.utf8.contains(0) else {
      file.problem = "no name contains a NUL"
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

/// What kinds of files are called.
enum FileKind {
  /// The kind that a mode from `stat` says.
  static func kind(_ mode: mode_t) -> DirectoryEntry.Kind {
    switch mode & S_IFMT {
    case S_IFDIR: .directory
    case S_IFREG: .file
    case S_IFIFO: .other("FIFO")
    case S_IFCHR, S_IFBLK: .other("device")
    case S_IFSOCK: .other("socket")
    default: .other("special file")
    }
  }

  /// Why something of this kind cannot be sent; nil for files and directories.
  static func problem(_ kind: DirectoryEntry.Kind) -> String? {
    guard case .other(let word) = kind else { return nil }
    return "a \(word) has no size and no end; only files can be sent"
  }

  /// What a failed system call means for a path, for a message.
  static func reason(_ code: CInt) -> String {
    switch code {
    case ENOENT: "it is not there, or not any more"
    case ENOTDIR: "it is not a directory"
    case EACCES, EPERM: "you may not read it"
    case ELOOP: "its links lead in a circle"
    case ENAMETOOLONG: "the path is too long"
    case EMFILE, ENFILE: "too many files are open"
    default: String(cString: strerror(code))
    }
  }
}

/// Makes the paths that users type absolute.
package struct LocalPath: Sendable {
  /// What `~` stands for; absolute.
  package var home: String
  /// What relative paths count from; absolute.
  package var workingDirectory: String

  package init(home: String, workingDirectory: String) {
    self.home = home
    self.workingDirectory = workingDirectory
  }

  /// A path without `~`, `.`, `..` and doubled slashes, as shells keep it: links in it stay links, and `..` takes away
  /// the name before it.
  package func absolute(_ path: String) -> String {
    var names: [Substring.UnicodeScalarView] = []
    // By scalars: a mark behind a slash would make another character of it.
    for name in expanded(path).unicodeScalars.split(separator: "/") where !name.elementsEqual(".".unicodeScalars) {
      if name.elementsEqual("..".unicodeScalars) { _ = names.popLast() } else { names.append(name) }
    }
    return "/" + names.map { String($0) }.joined(separator: "/")
  }

  private func expanded(_ path: String) -> String {
    if path == "~" { return home }
    if path.hasPrefix("~/") { return home + path.dropFirst() }
    return path.hasPrefix("/") ? path : workingDirectory + "/" + path
  }
}
