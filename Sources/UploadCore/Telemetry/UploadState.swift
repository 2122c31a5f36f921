/// What an upload is doing, as every renderer shows it.
package enum UploadState: String, Sendable, CaseIterable {
  /// Accepted; no byte of the body has been received or sent yet.
  case waiting
  /// Incoming and moving.
  case receiving
  /// Outgoing and moving.
  case sending
  /// No slab is free in the budget.
  case waitingForMemory
  /// No byte for longer than `--stall-after`; always with a ``StallCause``.
  case stalled
  /// Slowed down by a rate limit.
  case limited
  /// Every byte has been received, or sent; not all are durable yet, or the server has not responded yet.
  case finishing
  /// Over: the file is stored.
  case done
  /// Over: nothing was stored.
  case failed
  /// Cancelled.
  case cancelled
}

/// What an upload's data path is waiting for at this instant: written by the path, read by the sampler, which makes an
/// ``UploadState`` of it.
package enum UploadPhase: UInt8, Sendable {
  /// Nothing of the body has moved yet.
  case waiting
  /// Ready for the peer: the next byte is for it to send, or to receive.
  case peer
  /// Writes are under way and there is no room for more.
  case disk
  /// The program that writes the input has written nothing more so far (outgoing uploads from a pipe only).
  case input
  /// No slab is free in the budget.
  case memory
  /// A rate limit slows it down.
  case limit
  /// An attempt has failed, and the next one waits for its time.
  case pause
  /// The server has every byte and has not responded yet (outgoing uploads only).
  case response
  /// Every byte has been received.
  case finishing
}

/// The cause of a stall: what a stalled upload waits for.
package enum StallCause: String, Sendable, CaseIterable {
  /// The client sends nothing.
  case client
  /// The server receives nothing, or does not respond (outgoing uploads only).
  case server
  /// The program that writes the input writes nothing, such as one before a pipe (outgoing uploads only).
  case input
  /// Writes to the disk do not complete.
  case disk
  /// The memory budget is spent.
  case memory
  /// A rate limit slows it down.
  case limit
}

/// How an upload travels.
package enum UploadMode: String, Sendable, CaseIterable {
  /// The file is the request's body.
  case stream
  /// The file is a part of a form (RFC 7578), streamed at both ends.
  case multipart
  /// Client only: the whole form is built in memory first, as many programs do.
  case buffered
  /// Server only: bytes until FIN over plain TCP.
  case raw
}

/// Which end of an upload this process is.
package enum UploadDirection: String, Sendable, CaseIterable {
  /// The server's end, which receives the bytes.
  case incoming
  /// The client's end, which sends the bytes.
  case outgoing
}

/// Identifies one upload, or one request, in events and logs: twelve hexadecimal digits, random, so that the logs of two
/// servers can be merged.
package struct UploadID: Hashable, Sendable, CustomStringConvertible {
  private let value: UInt64

  /// A new identifier from the system's generator: 48 bits.
  package init() { value = UInt64.random(in: 0..<(1 << 48)) }

  package var description: String { withUnsafeBytes(of: value.bigEndian) { Hexadecimal.text($0.suffix(6)) } }
}

/// The outcome of a successful upload, as events, summaries and the dashboard report it.
///
/// Differs from the file of a store: it is the same for an outgoing upload, whose file only the server has, and includes the
/// declared and the detected media type, which no store keeps. The server makes it of the stored file and the meter.
package struct FinishedUpload: Sendable, Equatable {
  /// Where the file is: its name inside the store, or for an outgoing upload the name the server gave it.
  package var path: String
  /// The file's size in bytes.
  package var bytes: UInt64
  /// The best guess at the content's media type: detected, else declared, else by name.
  package var type: String?
  /// The media type as the sender stated it.
  package var declaredType: String?
  /// The media type as the bytes show it.
  package var detectedType: String?
  /// SHA-256 of the content in lower-case hexadecimal, where it was computed.
  package var sha256: String?

  package init(
    path: String,
    bytes: UInt64,
    type: String? = nil,
    declaredType: String? = nil,
    detectedType: String? = nil,
    sha256: String? = nil
  ) {
    self.path = path
    self.bytes = bytes
    self.type = type
    self.declaredType = declaredType
    self.detectedType = detectedType
    self.sha256 = sha256
  }
}

/// How an upload ended.
package enum UploadOutcome: Sendable {
  /// Every byte arrived and the file is stored.
  case finished(FinishedUpload)
  /// Nothing was stored; the error says why.
  case failed(UploadError)
  /// It was cancelled; nothing was stored.
  case cancelled
}
