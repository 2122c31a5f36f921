/// What an upload's data path is waiting for at this instant: written by the path, read by the sampler, which makes an
/// ``UploadState`` of it.
package enum UploadPhase: UInt8, Sendable {
  /// Nothing of the body has moved yet.
  case waiting
  /// Ready for the other end: the next byte is theirs to send, or to take.
  case peer
  /// Writes are under way and there is no room to take more.
  case disk
  /// Whoever writes what is sent has written nothing more so far (outgoing uploads of no file only).
  case input
  /// No slab is free in the budget.
  case memory
  /// A rate limit holds it back.
  case limit
  /// An attempt has failed, and the next one waits for its time.
  case pause
  /// The other end has every byte, and the next word is theirs (outgoing uploads only).
  case answer
  /// Every byte has been taken.
  case finishing
}
