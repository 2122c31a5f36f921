import Glibc
import UploadTestSupport

/// A file system in memory, mounted for one test.
enum MountedFileSystem {
  /// Whether a file system can be mounted: that needs root, and a container that allows it. Elsewhere tests are
  /// skipped.
  static let isPossible: Bool = {
    guard let place = mkdtemp(strdup("/tmp/sluice-mount-XXXXXX")) else { return false }
    defer {
      rmdir(place)
      free(place)
    }
    return mount("tmpfs", place, "tmpfs", 0, "size=1m") == 0 && umount2(place, CInt(MNT_DETACH)) == 0
  }()
  static let reason = "no file system can be mounted here: that takes root, and a container that lets it"

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
