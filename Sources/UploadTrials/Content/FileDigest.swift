import Crypto
import Glibc

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
      if count == 0 {
        return hash.finalize().lazy.map { byte in (byte < 16 ? "0" : "") + String(byte, radix: 16) }.joined()
      }
      hash.update(bufferPointer: UnsafeRawBufferPointer(rebasing: buffer[..<count]))
    }
    return nil
  }
}
