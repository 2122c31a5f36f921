import Dashboard
import Glibc
import UploadCore

/// Checks whether files and directories can be sent, before the user sends them.
///
/// No file is opened, so that no FIFO or device can block the thread. The file system itself may block: call it on a
/// thread that can wait.
struct FileChecker: Sendable {
  let paths: LocalPath

  /// The size of a file in bytes, or that it is a directory. Where it cannot be sent, the result's `problem` says why; it
  /// is nil for a regular file or a directory that this process may read. Symbolic links are followed.
  /// - Parameter path: absolute, relative, or beginning with `~/`.
  func check(_ path: String) -> SendCheck.File {
    guard !path.utf8.contains(0) else { return SendCheck.File(path: path, problem: FileText.nulProblem) }
    let absolute = paths.absolute(path)
    var status = stat()
    guard NameBytes.withPath(absolute, { stat($0, &status) }) == 0 else {
      return SendCheck.File(path: path, problem: FileText.reason(errno))
    }
    let kind = FileText.kind(status.st_mode)
    if let problem = FileText.problem(kind) { return SendCheck.File(path: path, problem: problem) }
    if absolute == "/" { return SendCheck.File(path: path, problem: "the root directory cannot be sent") }
    let access = kind == .directory ? R_OK | X_OK : R_OK
    let isReadable = NameBytes.withPath(absolute) { faccessat(AT_FDCWD, $0, access, AT_EACCESS) } == 0
    let problem = isReadable ? nil : FileText.reason(errno)
    if kind == .directory { return SendCheck.File(path: path, isDirectory: true, problem: problem) }
    return SendCheck.File(path: path, size: UInt64(max(0, status.st_size)), problem: problem)
  }
}

/// Texts about files: what kind one is, and why it cannot be used or sent.
enum FileText {
  /// The message for a path with a NUL. A system call would end the path there, and use another file.
  static let nulProblem = "a file name cannot contain a NUL"

  /// The kind of file that a mode from stat(2) means. The mode of a symbolic link itself means a special file.
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

  /// The kind of file that a mode from stat(2) means, with its article: `a directory`, `a FIFO`.
  static func noun(_ mode: mode_t) -> String {
    switch kind(mode) {
    case .directory: "a directory"
    case .file: "a regular file"
    case .other(let name): "a \(name)"
    }
  }

  /// Why a file of this kind can be neither sent nor entered in the picker; nil for regular files and directories.
  static func problem(_ kind: DirectoryEntry.Kind) -> String? {
    guard case .other(let name) = kind else { return nil }
    return "a \(name) cannot be sent; only files and directories can"
  }

  /// The reason why reading a path failed, for a message: `it does not exist`.
  /// - Parameter code: the `errno` of the system call.
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

  /// Makes a path absolute, without `.`, `..`, and doubled or trailing slashes. `~` alone and `~/` at the beginning
  /// stand for ``home``; `~user` is an ordinary name, and an empty path is ``workingDirectory``. As in shells, symbolic
  /// links are not resolved, and `..` removes the component before it.
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
