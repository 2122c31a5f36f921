import Crypto
import Glibc
import UploadCore
import UploadReport

/// The digests by which files are compared.
enum FileDigest {
  /// The SHA-256 of a file in lower-case hexadecimal; nil when it cannot be read to its end. Blocks.
  /// - Parameter isCancelled: called before every MiB; true ends the reading, and nil is returned.
  static func sha256(of path: String, isCancelled: () -> Bool) -> String? {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return nil }
    defer { close(descriptor) }
    var hash = SHA256()
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 4096)
    defer { buffer.deallocate() }
    while !isCancelled() {
      let count = read(descriptor, buffer.baseAddress, buffer.count)
      if count < 0 && errno == EINTR { continue }
      guard count >= 0 else { return nil }
      if count == 0 { return Hexadecimal.text(hash.finalize()) }
      hash.update(bufferPointer: UnsafeRawBufferPointer(rebasing: buffer[..<count]))
    }
    return nil
  }
}

/// Compares stored files with the files that were sent, by SHA-256.
struct ContentComparison {
  /// Digests by path.
  private let sources: [String: String]
  private let directory: String
  private let isCancelled: () -> Bool

  /// Reads every file that was sent, once. Blocks.
  /// - Parameters:
  ///   - paths: of the files that were sent.
  ///   - directory: of the stored files.
  ///   - isCancelled: called before every MiB that is read, also in ``status(of:sentFrom:)``; once it returns true, nothing
  ///     more is compared.
  init(paths: [String], directory: String, isCancelled: @escaping () -> Bool) {
    sources = Set(paths).reduce(into: [:]) { $0[$1] = FileDigest.sha256(of: $1, isCancelled: isCancelled) }
    self.directory = directory
    self.isCancelled = isCancelled
  }

  /// The result for one upload that finished: `intact`, or `mismatch` when the stored file differs or either cannot be read.
  /// Reads the stored file; blocks.
  /// - Parameter path: one of the paths given to the initializer.
  /// - Returns: nil for an upload that did not finish, and when the comparison was cancelled.
  func status(of meter: UploadMeter, sentFrom path: String) -> UploadVerdict? {
    guard case .finished(let upload) = meter.ended?.outcome, !isCancelled() else { return nil }
    let stored = FileDigest.sha256(of: "\(directory)/\(upload.path)", isCancelled: isCancelled)
    guard !isCancelled() else { return nil }
    guard let stored, stored == sources[path] else { return .mismatch }
    return .intact
  }
}
