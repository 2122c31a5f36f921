import CLinux
import Glibc
import UploadCore

/// The process's environment as text.
package enum ProcessEnvironment {
  /// Names and values; bytes that are not UTF-8 are kept (``NameBytes/losslessText``).
  package static var all: [String: String] {
    var result: [String: String] = [:]
    var entry = environ
    while let text = entry.pointee {
      let pair = NameBytes(cString: text).losslessText.split(
        separator: "=",
        maxSplits: 1,
        omittingEmptySubsequences: false
      )
      if pair.count == 2 { result[String(pair[0])] = String(pair[1]) }
      entry += 1
    }
    return result
  }
}

/// Directories that depend on who runs the program, and from where.
package enum UserDirectories {
  /// What `~` stands for: HOME, else what the system has for the user.
  package static var home: String {
    if let home = ProcessEnvironment.all["HOME"], home.hasPrefix("/") { return home }
    guard let user = getpwuid(getuid()) else { return "/" }
    return NameBytes(cString: user.pointee.pw_dir).losslessText
  }

  /// Absolute; `/` when it has been removed.
  static var workingDirectory: String {
    guard let path = getcwd(nil, 0) else { return "/" }
    defer { free(path) }
    return NameBytes(cString: path).losslessText
  }
}

/// Child processes of this program end with it, however it ends: a server must not outlive the comparison that started it.
package enum ParentProcess {
  /// Names the parent to the child; for the program itself, so no option.
  private static let variable = "SLUICE_PARENT_PROCESS"

  /// An environment for a child of the process `process`.
  ///
  /// The child ends when the thread that has started it does (prctl(2)), so that thread must wait for it.
  package static func naming(_ process: Int32, in environment: [String: String]) -> [String: String] {
    environment.merging([variable: "\(process)"]) { $1 }
  }

  /// Has the kernel kill this process when the parent that `environment` names ends, if it names one; exits now when that
  /// has ended already.
  package static func follow(_ environment: [String: String]) {
    guard let parent = environment[variable].flatMap({ Int32($0) }) else { return }
    clinux_kill_at_end_of_parent()
    // It may have ended before the call, which does not report that.
    if getppid() != parent { _exit(1) }
  }
}
