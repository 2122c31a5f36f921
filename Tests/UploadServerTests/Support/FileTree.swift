import Glibc
import Testing

/// What a test puts into a directory besides files.
enum FileTree {
  static func makeLink(to target: String, at path: String) throws {
    try #require(symlink(target, path) == 0)
  }

  static func makeDirectory(_ path: String) throws {
    try #require(mkdir(path, 0o755) == 0)
  }
}
