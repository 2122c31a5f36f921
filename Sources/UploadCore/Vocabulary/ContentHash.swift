/// Computes digests of a content that comes in pieces, in order. A value: what is handed on goes on from there.
package protocol ContentHash: Sendable {
  /// Takes the next bytes.
  mutating func update(_ bytes: UnsafeRawBufferPointer)
  /// Of all bytes so far.
  var digests: ContentDigests { get }
}
