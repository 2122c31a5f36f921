import Crypto

/// SHA-256 for tests that do not import the library it comes from.
package enum Digest {
  /// A file's digest in lower-case hexadecimal.
  package static func ofFile(_ path: String) throws -> String {
    try SHA256.hexadecimal(ofFile: path)
  }

  /// The digest of `bytes` in lower-case hexadecimal.
  package static func of(_ bytes: [UInt8]) -> String {
    SHA256.hexadecimal(of: bytes)
  }
}
