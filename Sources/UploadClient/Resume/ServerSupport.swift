import HTTPExchange
import NIOCore
import NIOHTTP1
import Synchronization
import UploadCore

/// What a server supports for uploads in several requests.
enum ServerSupport: Sendable, Equatable {
  /// Nothing: each file is sent in one request.
  case plain
  /// - Parameter maxAppendSize: the most bytes in one request; nil for no limit.
  case resumable(ResumableProtocol, maxAppendSize: UInt64?)
}

/// Finds out what a server supports: `OPTIONS` for the draft, then for tus. Responses and failures in, actions out.
struct DiscoveryStateMachine {
  enum Action: Equatable {
    /// Send the `OPTIONS` request of this protocol.
    case ask(ResumableProtocol)
    /// Send it after a pause, if there is to be another attempt.
    case retry(ResumableProtocol)
    case found(ServerSupport)
  }

  /// How many connections without a response are tolerated: some servers close them because they do not know `OPTIONS`.
  private static let lossLimit = 2

  private var asked = ResumableProtocol.draft
  private var losses = 0

  func start() -> Action { .ask(asked) }

  /// A response was received.
  mutating func responded(_ response: ExchangeResponse) -> Action {
    if ResumeStateMachine.isTemporary(response.status) { return .retry(asked) }
    let (headers, isSuccess) = (response.headers, response.isSuccess)
    switch asked {
    case .draft:
      let fields = ResumeFields(headers, now: 0)
      if isSuccess, fields.hasLimit { return .found(.resumable(.draft, maxAppendSize: fields.maxAppendSize)) }
      asked = .tus
      return .ask(.tus)
    case .tus:
      let isTus =
        isSuccess && headers[canonicalForm: "tus-version"].contains("1.0.0")
        && headers[canonicalForm: "tus-extension"].contains("creation")
      return .found(isTus ? .resumable(.tus, maxAppendSize: nil) : .plain)
    }
  }

  /// The connection ended without a usable response.
  /// - Parameter wasConnected: whether the request was sent.
  mutating func failed(wasConnected: Bool) -> Action {
    guard wasConnected else { return .retry(asked) }
    losses += 1
    return losses <= Self.lossLimit ? .retry(asked) : .found(.plain)
  }
}

/// What the servers of one run support, so that each is asked once. Usable from any thread.
final class KnownServers: Sendable {
  /// The uploads to one place of a server; all files of a directory there are alike.
  struct Place: Hashable {
    var isSecure: Bool
    var host: String
    var port: Int
    var path: String

    init(_ target: SendTarget) {
      (isSecure, host, port, path) = (target.isSecure, target.host, target.port, target.path)
    }
  }

  /// Whether an upload has to ask.
  enum Lookup: Equatable {
    case known(ServerSupport)
    /// Ask the server, then call ``resolve(_:_:)``.
    case ask
  }

  private enum State {
    /// An upload asks, and others wait for it.
    case asking([EventLoopPromise<Void>])
    case known(ServerSupport)
  }

  private let places = Mutex<[Place: State]>([:])

  /// Returns what is known, or waits until another upload has asked.
  /// - Throws: ``Cancellation/error`` as soon as the upload is cancelled.
  func lookUp(
    _ place: Place,
    _ cancellation: Cancellation,
    on loop: any EventLoop
  ) async throws(UploadError) -> Lookup {
    while true {
      let next = places.withLock { places -> Result<Lookup, Waiting> in
        switch places[place] {
        case .known(let support)?: return .success(.known(support))
        case .none:
          places[place] = .asking([])
          return .success(.ask)
        case .asking(let waiters)?:
          let promise = loop.makePromise(of: Void.self)
          places[place] = .asking(waiters + [promise])
          return .failure(Waiting(promise: promise))
        }
      }
      switch next {
      case .success(let lookup): return lookup
      case .failure(let waiting):
        let promise = waiting.promise
        cancellation.onCancel { promise.fail(Cancellation.error) }
        do {
          try await promise.futureResult.get()
        } catch {
          throw Cancellation.error
        }
      }
    }
  }

  /// Notes the result of asking, and wakes the uploads that wait.
  /// - Parameter support: nil when asking has failed: then the next upload asks.
  func resolve(_ place: Place, _ support: ServerSupport?) {
    let waiters = places.withLock { places -> [EventLoopPromise<Void>] in
      defer { places[place] = support.map { .known($0) } }
      guard case .asking(let waiters)? = places[place] else { return [] }
      return waiters
    }
    for waiter in waiters { waiter.succeed() }
  }

  private struct Waiting: Error {
    let promise: EventLoopPromise<Void>
  }
}
