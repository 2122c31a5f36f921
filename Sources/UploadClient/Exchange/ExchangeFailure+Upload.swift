import HTTPExchange
import UploadCore

/// What a failure means for an upload.
extension ExchangeFailure {
  /// Whether another attempt may succeed. It must not be made once the whole body was sent: the server may have stored it.
  var isTemporary: Bool { self == .connectionLost || self == .sendTimedOut }

  /// Whether only the response is missing, where the whole body was sent: what the server has can be looked up.
  var leavesUncertain: Bool {
    switch self {
    case .connectionLost, .responseInterrupted, .responseTimedOut: true
    case .earlySuccess, .malformedResponse, .sendTimedOut, .sourceFailed, .unexpectedResponse, .receiverFailed,
      .cancelled, .paused, .handlerRemoved:
      false
    }
  }

  /// Whether the upload may continue after this failure when the server says how much it has stored.
  var isInterruption: Bool {
    switch self {
    case .connectionLost, .responseInterrupted, .earlySuccess, .sendTimedOut, .responseTimedOut, .paused: true
    case .malformedResponse, .sourceFailed, .unexpectedResponse, .receiverFailed, .cancelled, .handlerRemoved: false
    }
  }

  /// The error to report for this failure, with a message for people.
  /// - Parameters:
  ///   - meter: of the upload whose attempt failed.
  ///   - server: its name, with that of the proxy before it (``ConnectionPeer/name``).
  ///   - cause: the first error that the channel reported, nil without one; for ``sourceFailed(isStored:)`` the error of the
  ///     source.
  func error(
    of meter: UploadMeter,
    from server: String,
    _ configuration: UploadClientConfiguration,
    cause: (any Error)?
  ) -> UploadError {
    let sent = ByteSize.text(meter.received)
    let progress = meter.size.map { "\(sent) of \(ByteSize.text($0))" } ?? sent
    let code: UploadError.Code
    let message: String
    switch self {
    case .connectionLost:
      code = .connectionLost
      message =
        "\(server) closed the connection after \(progress) and sent no response. "
        + "Check the server's log, then send the file again."
    case .responseInterrupted(let status):
      code = .connectionLost
      message =
        "\(server) responded with HTTP \(status), but closed the connection in the middle of the response. "
        + "The file may be stored. Check that before you send it again."
    case .earlySuccess(let status):
      code = .badAnswer
      message =
        "\(server) responded with HTTP \(status) after \(progress) and did not accept the rest. It may have stored an "
        + "incomplete file. Check that, and whether this address accepts uploads."
    case .malformedResponse:
      code = .badAnswer
      message = "The response of \(server) is not HTTP. Check the port, and whether the server expects https."
    case .sendTimedOut:
      code = .timedOut
      message =
        "\(server) accepted no data for \(configuration.idleTimeout.formattedSeconds), after \(progress). "
        + "Check the server and the network, then send the file again."
    case .responseTimedOut:
      code = .timedOut
      message =
        "\(server) received the whole file but did not respond within \(configuration.responseTimeout.formattedSeconds). "
        + "The file may be stored. Check that before you send it again."
    case .sourceFailed(let isStored):
      let failure =
        cause as? UploadError ?? UploadError(.internalFailure, "The file could not be read any more.", cause: cause)
      return failure.adding(isStored ? "The server has stored what it received. Do not use that copy." : nil)
    case .unexpectedResponse, .receiverFailed:
      code = .internalFailure
      message = "The response of \(server) could not be processed."
    case .cancelled: return Cancellation.error
    case .paused: return UploadError(.cancelled, "The upload was paused.")
    case .handlerRemoved:
      code = .internalFailure
      message = "The connection's handler was removed."
    }
    return UploadError(code, message, cause: cause)
  }
}
