package import NIOCore

/// What an exchange begins with, what it asks of its handler, and how it ends.
extension ExchangeStateMachine {
  /// How the exchange proceeds; fixed before it begins.
  package struct Plan: Sendable, Equatable {
    package var body: BodyStateMachine.Plan
    /// How long to wait for `100 Continue` before the body is sent without it; nil to send the body at once.
    package var continueTimeout: TimeAmount?
    /// How long the server may accept no byte of the body, or send no further byte of a response that has begun.
    package var idleTimeout: TimeAmount
    /// How long the server may send nothing between the last byte of the body and the first of the response.
    package var responseTimeout: TimeAmount
    /// The most of a response's body that is kept, in bytes.
    package var bodyLimit: Int
    /// Whether the body of a success is passed on as it arrives, and not kept.
    package var passesResponseBody = false
    /// Whether 302 and 303 are a success once the whole body is sent: for forms, since web applications redirect so after they
    /// have processed one (Post/Redirect/Get; RFC 9110 section 15.4.4).
    package var acceptsSeeOther = false
    /// Whether a success that begins before the whole body is sent counts once it is: some servers begin to respond while they
    /// read the body. One that must have stored the body to report success cannot.
    package var acceptsEarlySuccess = true
    /// Whether a connection that is not kept is reset even if the whole body was sent: at once, without waiting for the peer
    /// as TLS does, and the server may lose the end of the body.
    package var alwaysResets = false

    package init(
      body: BodyStateMachine.Plan,
      idleTimeout: TimeAmount,
      responseTimeout: TimeAmount,
      bodyLimit: Int
    ) {
      (self.body, self.bodyLimit) = (body, bodyLimit)
      (self.idleTimeout, self.responseTimeout) = (idleTimeout, responseTimeout)
    }
  }

  /// What the channel handler has to do after an event.
  package enum Action: Equatable {
    case none
    /// Write the request head, then call ``sentHead(at:)``. It is flushed with the first chunk of the body where that follows
    /// immediately.
    case sendHead
    case body(BodyStateMachine.Action)
    /// Check that the source has not changed while the body is sent on, then call ``probed()``, or ``sourceFailed()``.
    case probe
    /// Pass these bytes of the response's body on, then call ``passedOn(at:)``, ``responseNotNeeded(at:)`` or
    /// ``receiverFailed()``.
    case pass(ByteBuffer)
    /// Close the connection, with a reset where bytes that were not sent are to be discarded; then call ``disconnected()``.
    case close(resets: Bool)
    /// The exchange is complete with this response, and the connection can serve another request. In place of
    /// ``close(resets:)`` and ``report(_:)``, as the last action.
    case keep(ExchangeResponse)
    /// The connection is closed, or the handler was removed, and this is the result. Occurs exactly once, as the last
    /// action, unless the connection is kept.
    case report(Outcome)
  }

  /// The result of the exchange.
  package enum Outcome: Equatable {
    case response(ExchangeResponse)
    case failure(ExchangeFailure)
  }
}
