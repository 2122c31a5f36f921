import Glibc
import Testing

/// Makes links and directories for a test.
enum FileTree {
  static func makeLink(to target: String, at path: String) throws {
    try #require(symlink(target, path) == 0)
  }

  static func makeDirectory(_ path: String) throws {
    try #require(mkdir(path, 0o755) == 0)
  }
}
