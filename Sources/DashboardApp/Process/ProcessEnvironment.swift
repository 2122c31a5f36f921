import CLinux
import Glibc
import UploadCore

/// The process's environment as text.
package enum ProcessEnvironment {
  /// Values by name, read anew each time; bytes that are not UTF-8 are kept (``NameBytes/losslessText``).
  package static var all: [String: String] {
    var result: [String: String] = [:]
    var entry = environ
    while let text = entry.pointee {
      let variable = NameBytes(cString: text).losslessText
      if let equals = variable.firstIndex(of: "=") {
        result[String(variable[..<equals])] = String(variable[variable.index(after: equals)...])
      }
      entry += 1
    }
    return result
  }
}

/// Directories that depend on who runs the program, and from where.
package enum UserDirectories {
  /// The user's home directory: HOME if that is absolute, otherwise the system's entry for the user, otherwise `/`.
  package static var home: String {
    if let home = ProcessEnvironment.all["HOME"], home.hasPrefix("/") { return home }
    guard let directory = getpwuid(getuid())?.pointee.pw_dir else { return "/" }
    return NameBytes(cString: directory).losslessText
  }

  /// The absolute path of the working directory; `/` when it has been removed.
  static var workingDirectory: String {
    guard let path = getcwd(nil, 0) else { return "/" }
    defer { free(path) }
    return NameBytes(cString: path).losslessText
  }
}

/// Lets child processes of this program end with it, even when it crashes: a server must not outlive the comparison
/// that started it.
package enum ParentProcess {
  /// The variable with the parent's process id. For internal use, so it is not an option.
  private static let variable = "SLUICE_PARENT_PROCESS"

  /// `environment` with a variable that names the parent of a child process; for a child that calls ``follow(_:)``.
  ///
  /// The child is killed when the thread that has started it ends (prctl(2)), so that thread must wait for it.
  /// - Parameter process: process id of the parent.
  package static func naming(_ process: Int32, in environment: [String: String]) -> [String: String] {
    environment.merging([variable: "\(process)"]) { $1 }
  }

  /// Asks the kernel to kill this process when the parent ends that `environment` names (``naming(_:in:)``); does
  /// nothing where it names none. Exits with status 1 when that parent has ended already. Call it at the program's
  /// start.
  package static func follow(_ environment: [String: String]) {
    guard let parent = environment[variable].flatMap({ Int32($0) }) else { return }
    clinux_kill_at_end_of_parent()
    // It may have ended before the call, which does not report that.
    if getppid() != parent { _exit(1) }
  }
}
