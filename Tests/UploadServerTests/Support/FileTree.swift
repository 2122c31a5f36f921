import Glibc
import Testing

/// Makes links and directories, and renames files, for a test.
enum FileTree {
  static func makeLink(to target: String, at path: String) throws {
    try #require(symlink(target, path) == 0)
  }

  static func makeDirectory(_ path: String) throws {
    try #require(mkdir(path, 0o755) == 0)
  }

  /// Renames a file, over an existing one.
  static func rename(_ from: String, to path: String) throws {
    try #require(Glibc.rename(from, path) == 0)
  }
}
