/// The response of an exchange, and how much of the body was sent before.
package struct ExchangeResult: Sendable {
  package var response: ExchangeResponse
  /// Whether sending or reading the body had begun.
  package var isBodyBegun: Bool
  /// Whether the socket had accepted the whole body.
  package var isBodySent: Bool
  /// Offset in the content beyond which the server can have received nothing in this exchange.
  package var reach: UInt64
  /// Whether the request asked for `100 Continue`, and the server has sent none.
  package var ignoresExpectation: Bool

  package init(
    response: ExchangeResponse,
    isBodyBegun: Bool,
    isBodySent: Bool,
    reach: UInt64 = 0,
    ignoresExpectation: Bool = false
  ) {
    (self.response, self.isBodyBegun, self.isBodySent) = (response, isBodyBegun, isBodySent)
    (self.reach, self.ignoresExpectation) = (reach, ignoresExpectation)
  }
}

/// An exchange without a usable response, and how much of the body was sent before.
package struct FailedExchange: Error {
  package let failure: ExchangeFailure
  /// The first error that the channel reported, nil without one; the error of the source or the receiver where that is the
  /// failure.
  package var cause: (any Error)?
  /// Whether sending or reading the body had begun.
  package var isBodyBegun = false
  /// Whether the socket had accepted the whole body.
  package var isBodySent = false
  /// Offset in the content beyond which the server can have received nothing in this exchange.
  package var reach: UInt64 = 0

  /// A failure before the request was sent.
  init(_ failure: ExchangeFailure) { self.failure = failure }

  init(_ failure: ExchangeFailure, cause: (any Error)?, _ body: BodyStateMachine) {
    (self.failure, self.cause) = (failure, cause)
    (isBodyBegun, isBodySent, reach) = (body.hasBegun, body.isSent, body.reach)
  }
}
