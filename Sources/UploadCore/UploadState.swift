/// What an upload is doing, as every renderer shows it.
package enum UploadState: String, Sendable, CaseIterable {
  /// Accepted, no byte of the body yet; next: any other.
  case waiting
  /// Incoming and moving.
  case receiving
  /// Outgoing and moving.
  case sending
  /// No slab is free in the budget.
  case waitingForMemory
  /// No byte for longer than `--stall-after`; always with a ``StallCause``.
  case stalled
  /// Held back by a rate limit.
  case limited
  /// Every byte has been taken; not all of it is durable yet, or the server has not responded yet.
  case finishing
  /// Over, and the file is where it belongs.
  case done
  /// Over, and nothing was stored.
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
  /// A rate limit holds it back.
  case limit
  /// An attempt has failed, and the next one waits for its time.
  case pause
  /// The server has every byte and has not responded yet (outgoing uploads only).
  case answer
  /// Every byte has been taken.
  case finishing
}

/// The cause of a stall: what an upload that does not move is waiting for.
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
  /// A rate limit holds it back.
  case limit
}

/// How an upload travels.
package enum UploadMode: String, Sendable, CaseIterable {
  /// The file is the request's body.
  case stream
  /// The file is a part of a form (RFC 7578), streamed at both ends.
  case multipart
  /// Client only: the whole form is put together in memory first, as many programs do.
  case buffered
  /// Server only: bytes until FIN over plain TCP.
  case raw
}

/// Which end of an upload this process is.
package enum UploadDirection: String, Sendable, CaseIterable {
  /// At the server: bytes come in.
  case incoming
  /// At the client: bytes go out.
  case outgoing
}

/// Names one upload, or one request, in events and logs: twelve hexadecimal digits, random, so that the lines of two
/// servers can be put together.
package struct UploadID: Hashable, Sendable, CustomStringConvertible {
  private let value: UInt64

  /// A new identifier from the system's generator: 48 bits.
  package init() {
    value = UInt64.random(in: 0..<(1 << 48))
  }

  package var description: String {
    let digits = String(value, radix: 16)
    return String(repeating: "0", count: 12 - digits.count) + digits
  }
}
