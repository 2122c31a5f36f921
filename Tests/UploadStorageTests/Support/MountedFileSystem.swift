import Glibc
import UploadTestSupport

/// A file system in memory, mounted for one test.
enum MountedFileSystem {
  /// Mounting needs root; who is not skips the test.
  static let isPossible = geteuid() == 0
  static let reason = "mounting a small file system needs root"

  /// Mounts a tmpfs of `size` bytes, and unmounts it however `body` ends.
  static func withTmpfs(size: Int, _ body: (String) async throws -> Void) async throws {
    try await withTemporaryDirectory { place in
      guard mount("tmpfs", place.path, "tmpfs", 0, "size=\(size)") == 0 else {
        throw TimeoutError("tmpfs cannot be mounted: \(String(cString: strerror(errno)))")
      }
      defer { umount2(place.path, CInt(MNT_DETACH)) }
      try await body(place.path)
    }
  }
}
