/// What an upload is doing, as every renderer shows it. The sampler derives it from the ``UploadPhase`` and the time
/// since the last byte.
package enum UploadState: String, Sendable, CaseIterable {
  /// Outgoing: waits for the server before the first byte of the current attempt, for the next attempt, or in the
  /// queue. Incoming: the file has not been opened yet.
  case waiting
  /// Incoming and not stalled: bytes arrive or are expected.
  case receiving
  /// Outgoing and not stalled: bytes are sent, or read to be sent.
  case sending
  /// Waits until memory of the budget is free.
  case waitingForMemory
  /// No byte has moved for the time of `--stall-after` or longer; always with a ``StallCause``.
  case stalled
  /// Slowed down by a rate limit.
  case limited
  /// A resumable upload that no request continues now; bytes that have been stored are kept (incoming uploads only).
  case interrupted
  /// The user has paused it: an outgoing resumable upload, or an incoming one, of which the server reads only what keeps
  /// its client connected.
  case paused
  /// Every byte has been received, or sent: the file is being published, or the response is awaited or checked.
  case finishing
  /// Ended: the file is stored.
  case done
  /// Ended with an error; see ``UploadOutcome/failed(_:)`` for what may be stored.
  case failed
  /// Ended because it was cancelled.
  case cancelled
}

/// What an upload's data path is waiting for at this instant: written by the path, read by the sampler, which makes an
/// ``UploadState`` of it.
package enum UploadPhase: UInt8, Sendable {
  /// At first: of an outgoing upload, the server, before the first byte of the current attempt has been sent; of an
  /// incoming one, the opening of its file.
  case waiting
  /// The network: a connection is being established (outgoing uploads only).
  case connecting
  /// The network: the server's system acknowledges nothing that is sent (outgoing uploads only).
  case network
  /// The peer: the client has to send more, or the server has to receive more.
  case peer
  /// The disk: writes are under way and there is no room for more; of an outgoing upload, the file is being read.
  case disk
  /// The store, where that is another machine: what has arrived is being sent there, and there is no room for more
  /// (incoming uploads only).
  case store
  /// The program that writes the input has written nothing more so far (outgoing uploads from a pipe only).
  case input
  /// Memory: no slab is free in the budget (incoming uploads only).
  case memory
  /// A rate limit: the time until it allows more bytes.
  case limit
  /// The time of the next attempt, after one has failed (outgoing uploads only).
  case pause
  /// The client's next request of a resumable upload, after the last one has ended (incoming uploads only).
  case interrupted
  /// The user, who has paused the upload: see ``UploadState/paused``.
  case userPause
  /// The response: every byte has been sent (outgoing uploads only).
  case response
  /// The end: every byte has been received and is being stored, or the response has arrived.
  case finishing
}

/// What a stalled upload waits for.
package enum StallCause: String, Sendable, CaseIterable {
  /// The client sends nothing (incoming uploads only).
  case client
  /// The server receives nothing, or does not respond (outgoing uploads only).
  case server
  /// The server's system does not respond, so that its computer or the way there is the cause (outgoing uploads only).
  case network
  /// The program that writes the input writes nothing, such as one before a pipe (outgoing uploads only).
  case input
  /// Writes to the disk, or of an outgoing upload reads from it, do not complete.
  case disk
  /// The store, where that is another machine, accepts no more bytes (incoming uploads only).
  case store
  /// No slab is free in the memory budget.
  case memory
  /// A rate limit allows no more bytes yet.
  case limit
}

/// The form in which an upload is transferred.
package enum UploadMode: String, Sendable, CaseIterable {
  /// The file is the request's body.
  case stream
  /// The file is a part of a form (RFC 7578), never in memory as a whole.
  case multipart
  /// Outgoing only: a form as in ``multipart``, built in memory completely before it is sent, as many programs do.
  case buffered
  /// The file is sent in one or more requests, each of which continues where the last one ended (tus, or the IETF draft).
  case resumable
  /// Incoming only: the file is all bytes of a plain TCP connection until the client closes its sending side.
  case raw
}

/// How far the parts have come in which a store on another machine gets a large file.
package struct UploadParts: Sendable, Equatable, CustomStringConvertible {
  /// Parts that the store has accepted.
  package var accepted: UInt32
  /// How many there will be; nil where the size of the file is not known.
  package var count: UInt32?

  package init(accepted: UInt32, of count: UInt32?) {
    (self.accepted, self.count) = (accepted, count)
  }

  /// `7/112`, or `7` where their number is not known.
  package var description: String { count.map { "\(accepted)/\($0)" } ?? "\(accepted)" }
}

/// Which end of an upload this process is.
package enum UploadDirection: String, Sendable, CaseIterable {
  /// The server's end, which receives the bytes.
  case incoming
  /// The client's end, which sends the bytes.
  case outgoing
}

/// The outcome of a successful upload, as events, summaries and the dashboard report it.
///
/// Unlike the store's own description of a file it exists for outgoing uploads too, whose file only the server has, and
/// it contains the declared and the detected media type, which the store does not keep.
package struct FinishedUpload: Sendable, Equatable {
  /// The file's final name in the upload directory. Of an outgoing upload the one that the response states, otherwise
  /// the requested name.
  package var path: String
  /// The same, byte for byte; nil for an outgoing upload.
  package var nameBytes: NameBytes?
  /// The URL that the response to an outgoing upload states, on the server that it was sent to, without an access token;
  /// nil without one.
  package var url: String?
  /// The file's size in bytes.
  package var bytes: UInt64
  /// The best guess at the content's media type: the detected one, otherwise the declared one, otherwise that of the
  /// name. Of an outgoing upload the one that the response states, otherwise the declared one.
  package var type: String?
  /// The media type as the sender stated it; nil without one.
  package var declaredType: String?
  /// The media type that the first bytes show; nil when they show none that is known.
  package var detectedType: String?
  /// SHA-256 of the content in lower-case hexadecimal; nil where it was not computed, or the response states none. Of
  /// an outgoing upload it has been compared with the content that was sent.
  package var sha256: String?

  package init(
    path: String,
    nameBytes: NameBytes? = nil,
    url: String? = nil,
    bytes: UInt64,
    type: String? = nil,
    declaredType: String? = nil,
    detectedType: String? = nil,
    sha256: String? = nil
  ) {
    self.path = path
    self.nameBytes = nameBytes
    self.url = url
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
  /// The file was not stored; the error says why. An interrupted upload may have been kept as a partial file. Of an
  /// outgoing upload the server may have stored the file or part of it.
  case failed(UploadError)
  /// It was cancelled and the file was not stored; of an outgoing upload the server may have stored it.
  case cancelled
}
