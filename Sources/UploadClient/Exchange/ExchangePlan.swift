import NIOCore

/// What an exchange begins with, what it asks of its handler, and how it ends.
extension ExchangeStateMachine {
  /// How the exchange proceeds; fixed before it begins.
  struct Plan: Sendable, Equatable {
    var body: BodyStateMachine.Plan
    /// How long to wait for `100 Continue` before the body is sent without it; nil to send the body at once.
    var continueTimeout: TimeAmount?
    /// How long the server may accept no byte of the body, or send no further byte of a response that has begun.
    var idleTimeout: TimeAmount
    /// How long the server may send nothing between the last byte of the body and the first of the response.
    var responseTimeout: TimeAmount
    /// Whether 302 and 303 are a success once the whole body is sent: for forms, since web applications redirect so after they
    /// have processed one (Post/Redirect/Get; RFC 9110 section 15.4.4).
    var acceptsSeeOther = false
    /// Whether the body of a success is not kept, because it is passed on as it arrives.
    var passesResponseBody = false
  }

  /// What the channel handler has to do after an event.
  enum Action: Equatable {
    case none
    /// Write the request head, then call ``sentHead(at:)``.
    case sendHead
    case body(BodyStateMachine.Action)
    /// Check that the source has not changed while the body is sent on, then call ``probed()``, or ``sourceFailed()``.
    case probe
    /// Close the connection, with a reset where bytes that were not sent are to be discarded; then call ``disconnected()``.
    case close(resets: Bool)
    /// The exchange is complete with this result, and the connection can serve another request. In place of
    /// ``close(resets:)`` and ``report(_:)``, as the last action.
    case keep(Outcome)
    /// The connection is closed, or the handler was removed, and this is the result. Occurs exactly once, as the last
    /// action, unless the connection is kept.
    case report(Outcome)
  }

  /// The result of the exchange.
  enum Outcome: Equatable {
    case response(ServerResponse)
    case failure(ExchangeFailure)
  }
}
