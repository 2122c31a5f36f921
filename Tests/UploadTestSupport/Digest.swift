package import Crypto
import Foundation

extension SHA256 {
  /// The digest of a file in lower-case hexadecimal; the file is read in chunks of 1 MiB.
  /// - Throws: Foundation's error where the file cannot be read.
  package static func hexadecimal(ofFile path: String) throws -> String {
    let file = try FileHandle(forReadingFrom: URL(filePath: path))
    defer { try? file.close() }
    var hash = SHA256()
    while let chunk = try file.read(upToCount: 1 << 20), !chunk.isEmpty {
      hash.update(data: chunk)
    }
    return hexadecimal(hash.finalize())
  }

  /// The digest of `bytes` in lower-case hexadecimal.
  package static func hexadecimal(of bytes: [UInt8]) -> String {
    hexadecimal(SHA256.hash(data: bytes))
  }

  private static func hexadecimal(_ digest: SHA256.Digest) -> String {
    digest.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
  }
}

/// SHA-256 for tests that do not import Crypto.
package enum Digest {
  /// A file's digest in lower-case hexadecimal.
  /// - Throws: Foundation's error where the file cannot be read.
  package static func ofFile(_ path: String) throws -> String {
    try SHA256.hexadecimal(ofFile: path)
  }

  /// The digest of `bytes` in lower-case hexadecimal.
  package static func of(_ bytes: [UInt8]) -> String {
    SHA256.hexadecimal(of: bytes)
  }
}
