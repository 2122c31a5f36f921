/// What an upload is doing, as every face shows it.
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
  /// Every byte has been taken; not all of it is durable yet, or the server has not answered yet.
  case finishing
  /// Over, and the file is where it belongs.
  case done
  /// Over, and nothing was stored.
  case failed
  /// Ended by somebody's wish.
  case cancelled
}

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

/// Who an upload that does not move is waiting for.
package enum StallCause: String, Sendable, CaseIterable {
  /// The sender at the other end sends nothing.
  case client
  /// The receiver at the other end takes nothing, or does not answer (outgoing uploads only).
  case server
  /// Whoever writes what is sent writes nothing, such as a program before a pipe (outgoing uploads only).
  case input
  /// Writes to the disk are not coming back.
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
