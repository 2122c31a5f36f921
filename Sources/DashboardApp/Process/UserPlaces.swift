import Glibc
import UploadCore

/// Directories that depend on who runs the program, and from where.
package enum UserPlaces {
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
