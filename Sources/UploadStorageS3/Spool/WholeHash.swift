import Crypto
import UploadCore

/// The digests of a whole file that is received in parts: those that the request needs, and always the SHA-256.
struct WholeHash: ContentHash {
  private var requested: (any ContentHash)?
  /// Nil where the requested hash includes a SHA-256.
  private var own: SHA256?

  /// - Parameter requested: has no bytes yet; nil for none.
  init(_ requested: (any ContentHash)?) {
    self.requested = requested
    own = requested?.digests.sha256 == nil ? SHA256() : nil
  }

  mutating func update(_ bytes: UnsafeRawBufferPointer) {
    requested?.update(bytes)
    own?.update(bufferPointer: bytes)
  }

  var digests: ContentDigests {
    var digests = requested?.digests ?? ContentDigests()
    if let own { digests.sha256 = Array(own.finalize()) }
    return digests
  }
}
