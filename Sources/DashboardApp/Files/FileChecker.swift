import Dashboard
import Glibc
import UploadCore

/// Checks whether files can be sent, before the user sends them.
///
/// No file is opened, so that no FIFO or device can block the thread. The file system itself may block: call it on a
/// thread that can wait.
struct FileChecker: Sendable {
  let paths: LocalPath

  /// The size of a file, or why it cannot be sent.
  /// - Parameter path: absolute, relative, or beginning with `~`.
  func check(_ path: String) -> SendCheck.File {
    guard !path.utf8.contains(0) else { return SendCheck.File(path: path, problem: FileKind.nulProblem) }
    let absolute = paths.absolute(path)
    var status = stat()
    guard NameBytes.withPath(absolute, { stat($0, &status) }) == 0 else {
      return SendCheck.File(path: path, problem: FileKind.reason(errno))
    }
    let kind = FileKind.kind(status.st_mode)
    if let problem = kind == .directory ? "a directory cannot be sent" : FileKind.problem(kind) {
      return SendCheck.File(path: path, problem: problem)
    }
    let isReadable = NameBytes.withPath(absolute) { faccessat(AT_FDCWD, $0, R_OK, AT_EACCESS) } == 0
    let problem = isReadable ? nil : FileKind.reason(errno)
    return SendCheck.File(path: path, size: UInt64(max(0, status.st_size)), problem: problem)
  }
}

/// Names of the kinds of files, and reasons why a file cannot be sent.
enum FileKind {
  /// Why a path with a NUL is rejected: a system call would end it there, and use another file.
  static let nulProblem = "a file name cannot contain a NUL"

  /// The kind of file that a mode from stat(2) means.
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

  /// The kind of file that a mode means, as a noun: `a directory`, `a FIFO`.
  static func noun(_ mode: mode_t) -> String {
    switch kind(mode) {
    case .directory: "a directory"
    case .file: "a regular file"
    case .other(let name): "a \(name)"
    }
  }

  /// Why a file of this kind cannot be sent; nil for files and directories.
  static func problem(_ kind: DirectoryEntry.Kind) -> String? {
    guard case .other(let name) = kind else { return nil }
    return "a \(name) cannot be sent; only files can"
  }

  /// The reason why a file system call failed, for a message about a path.
  /// - Parameter code: an `errno`.
  static func reason(_ code: CInt) -> String {
    switch code {
    case ENOENT: "it does not exist"
    case ENOTDIR: "it is not a directory"
    case EACCES, EPERM: "no permission to read it"
    case ELOOP: "its links form a loop"
    case ENAMETOOLONG: "the path is too long"
    case EMFILE, ENFILE: "too many files are open"
    default: String(cString: strerror(code))
    }
  }
}

/// Makes the paths that users type absolute.
struct LocalPath: Sendable {
  /// The home directory, which `~` stands for; absolute.
  var home: String
  /// The directory that relative paths start from; absolute.
  var workingDirectory: String

  /// An absolute path without `~`, `.`, `..` and doubled slashes. As in shells, symbolic links are not resolved, and `..`
  /// removes the component before it.
  func absolute(_ path: String) -> String {
    var names: [Substring.UnicodeScalarView] = []
    // By scalars: a combining mark after a slash would form another character with it.
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
