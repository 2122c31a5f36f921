/// Why an exchange failed without a usable response. In some cases the server may have processed the request or a part of it;
/// see each case.
package enum ExchangeFailure: Equatable, Sendable {
  /// The connection was closed before a final response began. The server may have processed the request if the whole body was
  /// sent.
  case connectionLost
  /// The connection was closed in the middle of a response with this status, which reports success for the whole body. The
  /// server may have processed it.
  case responseInterrupted(status: Int)
  /// The server reported success before it had received the whole body, and then did not accept the rest, or must not do so
  /// (``ExchangeStateMachine/Plan/acceptsEarlySuccess``). It may have stored an incomplete body.
  case earlySuccess(status: Int)
  /// The received bytes are not HTTP, or are a response that is not accepted: with status 101, more than 64 informational
  /// responses other than 104, or too large headers. The server may have processed the request if the whole body was sent.
  case malformedResponse
  /// The server accepted no byte of the body for ``ExchangeStateMachine/Plan/idleTimeout``, and sent no response.
  case sendTimedOut
  /// The server received the whole body, and then sent nothing for too long: no response, or not the rest of one that reports
  /// success. It may have processed the request.
  case responseTimedOut
  /// The source of the body could not be read, or has changed.
  /// - Parameter isStored: whether the server has reported success for the whole body, and so has stored what it received.
  case sourceFailed(isStored: Bool)
  /// The headers of a success are not those of what was asked for (``ExchangeDelegate/accepts(_:)``).
  case unexpectedResponse
  /// The receiver of the response's body needs no more of it (``ExchangeReception/later(_:)``).
  case receiverFailed
  /// The exchange was cancelled. The server may have processed the request if the whole body was sent.
  case cancelled
  /// The exchange was paused before the whole body was sent.
  case paused
  /// The connection's handler was removed; this never happens while the pipeline is used as intended.
  case handlerRemoved
}
