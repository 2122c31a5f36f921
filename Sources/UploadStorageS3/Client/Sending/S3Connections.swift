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
  ) async throws(S3SendFailure) -> ExchangeResponse {
    let gate = gate(lane)
    guard await gate.enter() else { throw .exchange(.cancelled) }
    defer { gate.leave() }
    let content = try content(body)
    let cancellation = Cancellation()
    let head = connector.forwarded(head)
    let plan = plan(body, streams: receiver != nil, limit: limit)
    let (pool, threadPool, origin) = (idle, threadPool, connector.origin)
    func runner(_ connector: ServerConnector) -> ExchangeRunner {
      ExchangeRunner(connector, plan, cancellation) { _ in
        S3Exchange(head, content, receiver, threadPool: threadPool) { channel, response in
          pool.keep(channel, to: origin, after: response.headers, atMost: Self.longestIdleTime)
        }
      }
    }
    let result = await withTaskCancellationHandler { () async -> Result<ExchangeResult, S3SendFailure> in
      do throws(S3SendFailure) {
        return .success(try await run(runner))
      } catch {
        return .failure(error)
      }
    } onCancel: {
      cancellation.cancel()
    }
    let response = try result.get().response
    // What it says in full is lost, and with it whether the request may be repeated.
    guard response.extent != .interrupted else { throw .exchange(.responseInterrupted(status: response.status)) }
    return response
  }

  private func run(
    _ runner: (ServerConnector) -> ExchangeRunner
  ) async throws(S3SendFailure) -> ExchangeResult {
    if let kept = idle.take(connector.origin) {
      do throws(ExchangeError) {
        return try await runner(connector).run(on: kept)
      } catch {
        guard case .failed(let failed) = error, failed.failure == .connectionLost else { throw S3SendFailure(error) }
      }
    }
    let ready = try await readyConnector()
    do throws(ExchangeError) {
      return try await runner(ready).runOnNew(on: eventLoopGroup.next())
    } catch {
      throw S3SendFailure(error)
    }
  }

  /// The connector with the TLS contexts that it needs.
  private func readyConnector() async throws(S3SendFailure) -> ServerConnector {
    guard connector.isEncrypted else { return connector }
    let (tls, connector) = (tls, connector)
    do {
      return try await threadPool.runIfActive { try connector.withContexts(tls) }
    } catch is CancellationError {
      throw .exchange(.cancelled)
    } catch {
      throw .notConnected(ConnectFailure(unusable: error))
    }
  }

  private func plan(_ body: S3Body, streams: Bool, limit: Int) -> ExchangeStateMachine.Plan {
    let readsChunks =
      switch body {
      case .bytes: false
      // A file must pass through this process.
      case .file: connector.isEncrypted
      }
    var plan = ExchangeStateMachine.Plan(
      body: BodyStateMachine.Plan(
        size: body.length,
        chunkSize: readsChunks ? Self.chunkSize : Self.regionSize,
        checkedTail: 0,
        hasTail: false,
        readsChunks: readsChunks
      ),
      idleTimeout: TimeAmount(configuration.idleTimeout),
      responseTimeout: TimeAmount(configuration.responseTimeout),
      bodyLimit: limit
    )
    plan.passesResponseBody = streams
    // The engine reports success once it has stored the body.
    plan.acceptsEarlySuccess = false
    // Nothing waits for the engine longer than needed: the request fails, or is repeated on another connection.
    plan.alwaysResets = true
    return plan
  }

  private func gate(_ lane: S3Lane) -> S3Gate {
    switch lane {
    case .transfers: transfers
    case .short: short
    case .streams: streams
    }
  }

  private func content(_ body: S3Body) throws(S3SendFailure) -> S3Exchange.Content {
    switch body {
    case .bytes(let buffer): return .bytes(buffer)
    case .file(let descriptor, let offset, let length, _):
      do throws(UploadError) {
        return .file(try S3FileSource(descriptor: descriptor, offset: offset, length: length))
      } catch {
        throw error.code == .storageFailed ? .fileFailed : .internalFailure(error)
      }
    }
  }
}

/// Why a request has no response.
enum S3SendFailure: Error {
  /// No connection could be established.
  case notConnected(ConnectFailure)
  /// - Parameter cause: the error of the receiver, for ``ExchangeFailure/receiverFailed``.
  case exchange(ExchangeFailure, cause: (any Error)? = nil)
  /// The file to send could not be read, or is too short.
  case fileFailed
  /// The file to send could not be opened again.
  case internalFailure(any Error)
}

extension S3SendFailure {
  init(_ error: ExchangeError) {
    switch error {
    case .notConnected(let failure): self = .notConnected(failure)
    case .failed(let failed): self = .exchange(failed.failure, cause: failed.cause)
    }
  }
}
