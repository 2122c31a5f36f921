package import NIOCore
import NIOHTTP1

/// Runs one exchange, on a connection of a ``ConnectionPool`` or on a new one, and cancels it in whichever step it is.
package struct ExchangeRunner: Sendable {
  /// Opens a connection. It needs its TLS contexts (``ServerConnector/withContexts(_:)``) for ``runOnNew(on:)``.
  private let connector: ServerConnector
  private let plan: ExchangeStateMachine.Plan
  private let cancellation: Cancellation
  private let onPause: PauseRegistration?
  private let makeDelegate: @Sendable (_ isNew: Bool) -> any ExchangeDelegate

  /// Registers what pauses the exchange.
  package typealias PauseRegistration = @Sendable (_ pause: @escaping @Sendable () -> Void) -> Void

  /// - Parameters:
  ///   - onPause: nil for an exchange that cannot be paused.
  ///   - makeDelegate: called on the connection's event loop, with whether the connection has served no exchange before.
  package init(
    _ connector: ServerConnector,
    _ plan: ExchangeStateMachine.Plan,
    _ cancellation: Cancellation,
    onPause: PauseRegistration? = nil,
    makeDelegate: @escaping @Sendable (_ isNew: Bool) -> any ExchangeDelegate
  ) {
    (self.connector, self.plan, self.cancellation) = (connector, plan, cancellation)
    (self.onPause, self.makeDelegate) = (onPause, makeDelegate)
  }

  /// Sends the request on a connection that was taken from a pool. When the server has closed that meanwhile, the failure is
  /// ``ExchangeFailure/connectionLost``.
  /// - Returns: the response, whatever its status, when the connection is given to the delegate or closed.
  package func run(on kept: any Channel) async throws(ExchangeError) -> ExchangeResult {
    try await run(on: kept.eventLoop) { result in
      guard ConnectionPool.claim(kept) else { return result.fail(FailedExchange(.connectionLost)) }
      begin(on: kept, isNew: false, result)
    }
  }

  /// Opens a connection and sends the request.
  /// - Returns: the response, whatever its status, when the connection is given to the delegate or closed.
  package func runOnNew(on loop: any EventLoop) async throws(ExchangeError) -> ExchangeResult {
    try await run(on: loop) { result in
      let connecting = connector.connect(on: loop) { channel in
        cancellation.onCancel {
          result.fail(FailedExchange(.cancelled))
          channel.eventLoop.execute { channel.abort() }
        }
      }
      connecting.whenComplete { opened in
        do {
          try prepare(try opened.get(), result)
        } catch {
          result.fail(ConnectFailure(unusable: error))
        }
      }
    }
  }

  /// - Parameter begin: called on the event loop. From the start, since a callback that is added from another thread could run
  ///   one tick late, and the first bytes of the server would be lost.
  private func run(
    on loop: any EventLoop,
    _ begin: @escaping @Sendable (EventLoopPromise<ExchangeResult>) -> Void
  ) async throws(ExchangeError) -> ExchangeResult {
    let result = loop.makePromise(of: ExchangeResult.self)
    // An attempt to connect cannot be cancelled: it ends by itself, and its result is ignored.
    cancellation.onCancel { result.fail(FailedExchange(.cancelled)) }
    loop.execute { begin(result) }
    do {
      return try await result.futureResult.get()
    } catch let error as FailedExchange {
      throw .failed(error)
    } catch {
      throw .notConnected(ConnectFailure(unusable: error))
    }
  }

  /// Adds the handlers for HTTP to a new connection, and begins.
  private func prepare(_ channel: any Channel, _ result: EventLoopPromise<ExchangeResult>) throws {
    // The request has its framing headers; the encoder would remove them for methods that usually have no body.
    var framing = HTTPRequestEncoder.Configuration()
    framing.automaticallySetFramingHeaders = false
    do {
      try channel.pipeline.syncOperations.addHandlers([
        HTTPRequestEncoder(configuration: framing),
        ResponseDecoding.handler(leftOver: .dropBytes),
      ])
    } catch {
      channel.close(promise: nil)
      throw error
    }
    begin(on: channel, isNew: true, result)
  }

  /// Sends the request on a connection that is ready for one.
  private func begin(on channel: any Channel, isNew: Bool, _ result: EventLoopPromise<ExchangeResult>) {
    guard !cancellation.isCancelled else { return channel.close(promise: nil) }
    let handler = ExchangeHandler(makeDelegate(isNew), plan, result: result)
    let token = handler.token
    do {
      try channel.pipeline.syncOperations.addHandler(handler)
    } catch {
      result.fail(ConnectFailure(unusable: error))
      return channel.close(promise: nil)
    }
    cancellation.onCancel {
      channel.pipeline.fireUserInboundEventTriggered(ExchangeInterruption(.cancellation, of: token))
    }
    onPause? {
      channel.pipeline.fireUserInboundEventTriggered(ExchangeInterruption(.pause, of: token))
    }
  }
}

/// Why an exchange has no response.
package enum ExchangeError: Error {
  /// No connection could be established.
  case notConnected(ConnectFailure)
  case failed(FailedExchange)
}

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
