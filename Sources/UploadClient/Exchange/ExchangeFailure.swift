import UploadCore

/// Why an exchange has no response to go by.
enum ExchangeFailure: Equatable {
  /// The connection was closed before a response began.
  case connectionLost
  /// The connection was closed in the middle of a response with this status, which reports success.
  case responseCut(status: Int)
  /// The server reported success before it had the whole body, and then did not accept the rest.
  case earlySuccess(status: Int)
  /// What was received is not HTTP, or is HTTP that makes no sense here.
  case malformedResponse
  /// The server accepted no byte of the body for too long.
  case sendTimedOut
  /// The server has the whole body, or has begun to respond, and then sent nothing for too long.
  case responseTimedOut
  /// The source could not be read, or has changed.
  /// - Parameter isStored: whether the server has reported success for what it received.
  case sourceFailed(isStored: Bool)
  /// The upload was cancelled.
  case cancelled
  /// The connection's handler was removed; this never happens while the pipeline is used as intended.
  case handlerRemoved

  /// Whether another attempt may succeed, as long as the server cannot have stored anything.
  var isPassing: Bool {
    switch self {
    case .connectionLost, .sendTimedOut: true
    case .responseCut, .earlySuccess, .malformedResponse, .responseTimedOut, .sourceFailed, .cancelled, .handlerRemoved:
      false
    }
  }

  /// The failure in the terms of the rest of the program.
  /// - Parameters:
  ///   - attempt: the attempt that failed.
  ///   - cause: the first error that the channel reported; for ``sourceFailed(isStored:)`` the error of the source.
  func error(in attempt: UploadAttempt, cause: (any Error)?) -> UploadError {
    let server = attempt.meter.remote
    let progress = Self.progress(of: attempt.meter)
    switch self {
    case .connectionLost:
      return UploadError(
        .connectionLost,
        "\(server) closed the connection after \(progress) and did not say why. Look at the server's log, then send again.",
        cause: cause
      )
    case .responseCut(let status):
      return UploadError(
        .connectionLost,
        "\(server) began to answer HTTP \(status) and closed the connection in the middle of it. "
          + "The file may be there; look before sending it again.",
        cause: cause
      )
    case .earlySuccess(let status):
      return UploadError(
        .badAnswer,
        "\(server) answered HTTP \(status) after \(progress) and would not take the rest. "
          + "It may have stored what it got; look there, and check that this address takes uploads.",
        cause: cause
      )
    case .malformedResponse:
      return UploadError(
        .badAnswer,
        "What \(server) answered is not HTTP. Check the port, and whether the server expects https.",
        cause: cause
      )
    case .sendTimedOut:
      return UploadError(
        .timedOut,
        "\(server) took no byte for \(Self.seconds(attempt.configuration.idleTimeout)), after \(progress). "
          + "Check the server and the network, then send again."
      )
    case .responseTimedOut:
      return UploadError(
        .timedOut,
        "\(server) has everything but did not answer within \(Self.seconds(attempt.configuration.responseTimeout)). "
          + "The file may be there; look before sending it again."
      )
    case .sourceFailed(let isStored):
      let failure =
        cause as? UploadError ?? UploadError(.internalFailure, "The file could not be read any more.", cause: cause)
      guard isStored else { return failure }
      let note = " The server has stored what it got; do not trust that copy."
      return UploadError(failure.code, failure.message + note, cause: failure.cause)
    case .cancelled: return UploadCancellation.error
    case .handlerRemoved: return UploadError(.internalFailure, "The connection's handler was removed.")
    }
  }

  /// `3.0 MiB of 1.9 GiB`.
  private static func progress(of meter: UploadMeter) -> String {
    let sent = ByteSize.text(meter.received)
    return meter.size.map { "\(sent) of \(ByteSize.text($0))" } ?? sent
  }

  private static func seconds(_ duration: Duration) -> String {
    duration.components.attoseconds == 0 ? "\(duration.components.seconds) s" : "\(duration.inSeconds) s"
  }
}
