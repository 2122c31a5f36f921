import Foundation

/// A directory for one test, removed when the test is over.
package struct TemporaryDirectory: Sendable {
  /// Absolute, without a slash at the end.
  package let path: String

  /// A directory that the caller makes and removes, such as one inside a temporary one.
  /// - Parameter path: absolute, without a slash at the end.
  package init(inside path: String) {
    self.path = path
  }

  /// The absolute path of `name` in the directory, whether there is such a file or none.
  package func file(_ name: String) -> String {
    path + "/" + name
  }

  /// Writes a file into the directory, over an existing one.
  /// - Returns: its absolute path.
  /// - Throws: Foundation's error.
  @discardableResult
  package func write(_ bytes: some Sequence<UInt8>, to name: String) throws -> String {
    try Data(bytes).write(to: URL(filePath: file(name)))
    return file(name)
  }

  /// A file's whole content.
  /// - Throws: Foundation's error where it cannot be read.
  package func read(_ name: String) throws -> [UInt8] {
    try [UInt8](Data(contentsOf: URL(filePath: file(name))))
  }

  /// The names of all files and directories in it, hidden ones too, sorted.
  /// - Throws: Foundation's error where it cannot be read.
  package func names() throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: path).sorted()
  }
}

/// Makes a directory, calls `body` with it, and removes it with its files, even if `body` throws.
///
/// A closure and not an object with a `deinit`, because the latter may run while the path is still in use.
/// - Parameter parent: an existing directory in which it is made, to test on a particular file system; nil for
///   `TMPDIR`, otherwise `/tmp`.
/// - Throws: the error of `body`, or Foundation's where the directory cannot be made.
package func withTemporaryDirectory<Result>(
  in parent: String? = nil,
  isolation: isolated (any Actor)? = #isolation,
  _ body: (TemporaryDirectory) async throws -> Result
) async throws -> Result {
  let place = parent ?? ProcessInfo.processInfo.environment["TMPDIR"] ?? "/tmp"
  let path = place + "/sluice-test-" + UUID().uuidString
  try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
  defer { try? FileManager.default.removeItem(atPath: path) }
  return try await body(TemporaryDirectory(inside: path))
}
