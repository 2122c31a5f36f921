/// The user event, fired through a connection's pipeline, that makes the ``ExchangeHandler`` of one exchange end it. By the time
/// it arrives, the connection may serve another one, which is not affected.
package struct ExchangeInterruption: Sendable {
  package enum Kind: Sendable {
    case cancellation
    /// So that the exchange can be continued by another one (``ExchangeStateMachine/paused()``).
    case pause
  }

  let exchange: ExchangeToken
  let kind: Kind

  package init(_ kind: Kind, of exchange: ExchangeToken) { (self.kind, self.exchange) = (kind, exchange) }
}

/// Identifies one exchange.
package final class ExchangeToken: Sendable {
  package init() {}
}
