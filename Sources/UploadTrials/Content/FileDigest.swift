import Crypto
import Glibc
import UploadCore
import UploadReport

/// What files are compared by.
enum FileDigest {
  /// The SHA-256 of a file in hexadecimal; nil when it cannot be read to its end.
  /// - Parameter isCancelled: asked before every MiB; nil is returned then too.
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

/// Compares what was sent with what is stored, by SHA-256.
struct ContentComparison {
  private let sources: [String: String]
  private let directory: String
  private let isCancelled: () -> Bool

  /// Reads every file that was sent, once.
  /// - Parameter isCancelled: asked before every MiB that is read; nothing is compared any more then.
  init(paths: [String], directory: String, isCancelled: @escaping () -> Bool) {
    var sources: [String: String] = [:]
    for path in Set(paths) { sources[path] = FileDigest.sha256(of: path, isCancelled: isCancelled) }
    self.sources = sources
    self.directory = directory
    self.isCancelled = isCancelled
  }

  /// `intact` or `mismatch` for an upload that finished; nil for another, whose outcome says it, and for one that could
  /// not be compared before the run was stopped.
  func verdict(of meter: UploadMeter, sentFrom path: String) -> UploadVerdict? {
    guard case .finished(let upload) = meter.ended?.outcome, !isCancelled() else { return nil }
    let stored = FileDigest.sha256(of: "\(directory)/\(upload.path)", isCancelled: isCancelled)
    guard !isCancelled() else { return nil }
    guard let sent = sources[path], let stored else { return .mismatch }
    return sent == stored ? .intact : .mismatch
  }
}
