import HTTPExchange
import NIOCore
import NIOHTTP1
import NIOPosix
import Synchronization
import UploadCore

/// Sends requests to one origin, on connections that are kept for further ones. Usable from any thread.
final class S3Connections: Sendable {
  private let transfers: S3Gate
  private let short: S3Gate
  private let streams: S3Gate
  private let configuration: S3Configuration
  private let connector: ServerConnector
  private let tls = ClientTLS()
  private let idle: ConnectionPool
  private let eventLoopGroup: any EventLoopGroup
  private let threadPool: NIOThreadPool

  /// How long a connection without a request is kept. Most engines close it after a minute, Amazon's after some 20 s.
  private static let longestIdleTime = TimeAmount.seconds(15)
  /// Bytes of a file in one write; see `BodyContent` of the upload client for the reasons.
  private static let regionSize: UInt64 = 4 << 20
  /// Bytes of a file that are read into memory at once, where they must be encrypted.
  private static let chunkSize: UInt64 = 256 << 10

  init(
    _ configuration: S3Configuration,
    _ location: S3Location,
    eventLoopGroup: any EventLoopGroup,
    threadPool: NIOThreadPool
  ) {
    (self.configuration, self.eventLoopGroup, self.threadPool) = (configuration, eventLoopGroup, threadPool)
    transfers = S3Gate(limit: configuration.transfers)
    short = S3Gate(limit: configuration.shortRequests)
    streams = S3Gate(limit: configuration.downloads)
    idle = ConnectionPool(limit: max(1, configuration.transfers) + max(1, configuration.shortRequests))
    connector = ServerConnector(location.origin, proxy: configuration.proxy, timeout: configuration.connectTimeout)
  }

  /// Sends a request and receives its response, whatever its status.
  ///
  /// The engine may close an idle connection at the moment in which it is used. Then the request is sent once more, on a new
  /// one: it may be repeated like after every lost response.
  /// - Parameters:
  ///   - lane: what it waits for.
  ///   - receiver: gets the body of a success; nil to keep it.
  ///   - limit: the most of a body that is kept, in bytes.
  func send(
    _ head: HTTPRequestHead,
    _ body: S3Body,
    in lane: S3Lane,
    receiver: S3Receiver?,
    limit: Int
  ) async throws(S3ExchangeFailure) -> S3Response {
    let gate = gate(lane)
    guard await gate.enter() else { throw .cancelled }
    defer { gate.leave() }
    let request: S3ExchangeHandler.Request
    do throws(UploadError) {
      request = S3ExchangeHandler.Request(
        head: connector.forwarded(head),
        body: try content(body),
        receiver: receiver
      )
    } catch {
      throw error.code == .storageFailed ? .fileFailed : .internalFailure(error)
    }
    let plan = S3ExchangeStateMachine.Plan(
      length: body.length,
      chunkSize: request.readsChunks(isEncrypted: connector.isEncrypted) ? Self.chunkSize : Self.regionSize,
      readsChunks: request.readsChunks(isEncrypted: connector.isEncrypted),
      streams: receiver != nil,
      bodyLimit: limit,
      idleTimeout: TimeAmount(configuration.idleTimeout),
      responseTimeout: TimeAmount(configuration.responseTimeout)
    )
    if let kept = idle.take(connector.origin) {
      do throws(S3ExchangeFailure) {
        return try await run(request, plan, on: kept)
      } catch {
        guard case .connectionLost(hasBegun: false) = error else { throw error }
      }
    }
    return try await runOnNew(request, plan)
  }

  private func gate(_ lane: S3Lane) -> S3Gate {
    switch lane {
    case .transfers: transfers
    case .short: short
    case .streams: streams
    }
  }

  private func content(_ body: S3Body) throws(UploadError) -> S3ExchangeHandler.Request.Body {
    switch body {
    case .bytes(let buffer): .bytes(buffer)
    case .file(let descriptor, let offset, let length, _):
      .file(try S3FileSource(descriptor: descriptor, offset: offset, length: length))
    }
  }

  // MARK: Exchanges

  private func run(
    _ request: S3ExchangeHandler.Request,
    _ plan: S3ExchangeStateMachine.Plan,
    on kept: any Channel
  ) async throws(S3ExchangeFailure) -> S3Response {
    try await exchange(on: kept.eventLoop) { [self] exchange in
      guard ConnectionPool.claim(kept) else { return exchange.fail(.connectionLost(hasBegun: false)) }
      begin(request, plan, on: kept, exchange)
    }
  }

  private func runOnNew(
    _ request: S3ExchangeHandler.Request,
    _ plan: S3ExchangeStateMachine.Plan
  ) async throws(S3ExchangeFailure) -> S3Response {
    var ready = connector
    if connector.isEncrypted {
      let (tls, connector) = (tls, connector)
      do {
        ready = try await threadPool.runIfActive { try connector.withContexts(tls) }
      } catch is CancellationError {
        throw .cancelled
      } catch {
        throw .notConnected(ConnectFailure(unusable: error))
      }
    }
    let (connector, loop) = (ready, eventLoopGroup.next())
    return try await exchange(on: loop) { [self] exchange in
      connector.connect(on: loop) { channel in exchange.opened(channel) }.whenComplete { [self] result in
        switch result {
        case .success(let channel): prepare(channel, request, plan, exchange)
        case .failure(let error): exchange.fail(.notConnected(ConnectFailure(unusable: error)))
        }
      }
    }
  }

  /// - Parameter begin: called on the event loop. From the start, since a callback that is added from another thread could run
  ///   one tick late, and the first bytes of the engine would be lost.
  private func exchange(
    on loop: any EventLoop,
    _ begin: @escaping @Sendable (S3PendingExchange) -> Void
  ) async throws(S3ExchangeFailure) -> S3Response {
    let exchange = S3PendingExchange(loop.makePromise(of: S3Response.self))
    loop.execute { begin(exchange) }
    do {
      return try await withTaskCancellationHandler {
        try await exchange.result.futureResult.get()
      } onCancel: {
        exchange.cancel()
      }
    } catch let error as S3ExchangeFailure {
      throw error
    } catch {
      throw .internalFailure(error)
    }
  }

  /// Adds the handlers for HTTP to a new connection, and begins.
  private func prepare(
    _ channel: any Channel,
    _ request: S3ExchangeHandler.Request,
    _ plan: S3ExchangeStateMachine.Plan,
    _ exchange: S3PendingExchange
  ) {
    // The request has its framing headers.
    var framing = HTTPRequestEncoder.Configuration()
    framing.automaticallySetFramingHeaders = false
    do {
      try channel.pipeline.syncOperations.addHandlers([
        HTTPRequestEncoder(configuration: framing),
        ResponseDecoding.handler(leftOver: .dropBytes),
      ])
    } catch {
      channel.close(promise: nil)
      return exchange.fail(.internalFailure(error))
    }
    begin(request, plan, on: channel, exchange)
  }

  /// Sends the request on a connection that is ready for one.
  private func begin(
    _ request: S3ExchangeHandler.Request,
    _ plan: S3ExchangeStateMachine.Plan,
    on channel: any Channel,
    _ exchange: S3PendingExchange
  ) {
    guard exchange.begins(on: channel) else { return channel.close(promise: nil) }
    let (idle, origin) = (idle, connector.origin)
    let handler = S3ExchangeHandler(
      request,
      plan,
      token: exchange.token,
      threadPool: threadPool,
      keep: { channel, response in
        guard let time = ConnectionPool.idleTime(after: response.headers, atMost: Self.longestIdleTime) else {
          return channel.close(promise: nil)
        }
        idle.keep(channel, to: origin, for: time)
      },
      result: exchange.result
    )
    do {
      try channel.pipeline.syncOperations.addHandler(handler)
    } catch {
      channel.close(promise: nil)
      exchange.fail(.internalFailure(error))
    }
  }
}

/// An exchange that can be cancelled in each of its steps. Usable from any thread.
private final class S3PendingExchange: Sendable {
  private enum Step {
    case connecting
    /// There is a connection, on which the exchange has not begun.
    case opened(any Channel)
    case running(any Channel)
    case cancelled
  }

  let token = S3ExchangeToken()
  let result: EventLoopPromise<S3Response>
  private let step = Mutex(Step.connecting)

  init(_ result: EventLoopPromise<S3Response>) { self.result = result }

  func fail(_ failure: S3ExchangeFailure) { result.fail(failure) }

  /// A connection exists, on which TLS may still begin.
  func opened(_ channel: any Channel) {
    let isCancelled = step.withLock { step in
      if case .cancelled = step { return true }
      step = .opened(channel)
      return false
    }
    if isCancelled { channel.abort() }
  }

  /// - Returns: whether the exchange may begin: false when it was cancelled.
  func begins(on channel: any Channel) -> Bool {
    step.withLock { step in
      if case .cancelled = step { return false }
      step = .running(channel)
      return true
    }
  }

  func cancel() {
    let previous = step.withLock { step in
      defer { step = .cancelled }
      return step
    }
    switch previous {
    case .cancelled: break
    // An attempt to connect cannot be cancelled: it ends by itself, and its result is ignored.
    case .connecting: fail(.cancelled)
    case .opened(let channel):
      fail(.cancelled)
      channel.eventLoop.execute { channel.abort() }
    case .running(let channel):
      channel.pipeline.fireUserInboundEventTriggered(S3ExchangeHandler.Cancellation(source: token))
    }
  }
}

extension S3ExchangeHandler.Request {
  /// Whether a file must pass through this process.
  fileprivate func readsChunks(isEncrypted: Bool) -> Bool {
    switch body {
    case .bytes: false
    case .file: isEncrypted
    }
  }
}
