import HTTPExchange
package import NIOCore
package import NIOPosix
import UploadCore
import UploadProtocol

/// Requests to one bucket of an S3-compatible engine. Usable from any thread.
///
/// Each call makes as many attempts as make sense, and ends with the first success or with ``S3Failure``. Cancelling the
/// task ends a call with kind `cancelled`; the engine may have done what it asked for.
///
/// The folders below this one:
///
/// | folder | contents |
/// |---|---|
/// | `Signing` | ``SigV4`` and the queries that it signs |
/// | `XML` | a reader of small documents, and what the documents of S3 mean |
/// | `Requests` | requests, what failures mean, and when they are repeated: values and pure functions |
/// | `Sending` | connections, the exchange of one request, counters, the clock |
package final class S3Client: Sendable {
  /// As it was created with.
  package let configuration: S3Configuration

  private let location: S3Location
  private let signer: SigV4
  private let interpreter: S3Interpreter
  private let connections: S3Connections
  private let counters = S3Counters()
  /// This machine's clock and the engine's.
  let clock = S3Clock()

  /// - Parameters:
  ///   - eventLoopGroup: runs the connections; POSIX event loops, since files are sent by sendfile.
  ///   - threadPool: reads files for connections with TLS; it must be running, and its threads may block.
  package init(_ configuration: S3Configuration, eventLoopGroup: any EventLoopGroup, threadPool: NIOThreadPool) {
    self.configuration = configuration
    location = S3Location(configuration)
    signer = SigV4(credentials: configuration.credentials, region: configuration.region)
    interpreter = S3Interpreter(configuration, engine: configuration.endpoint.address.text)
    connections = S3Connections(configuration, location, eventLoopGroup: eventLoopGroup, threadPool: threadPool)
  }

  /// Whether files that are sent need their digest (``S3Body/file(descriptor:offset:length:sha256:)``): not where TLS protects
  /// them.
  package var signsFiles: Bool { !location.origin.isSecure }

  /// The engine's clock now, in seconds since 1970: this machine's, corrected by the `Date` of the last response.
  package var engineTime: Int64 { clock.engineTime }

  /// What was asked of the engine so far.
  package func snapshot() -> S3ClientSnapshot { counters.snapshot }

  /// A URL with which every client can read the object until it expires.
  /// - Parameters:
  ///   - expires: from now on, at least 1 s, at most 7 days.
  ///   - fileName: the name under which browsers save it; nil for that of the key.
  package func presignedGet(_ key: String, expires: Duration, fileName: String?) -> String {
    let origin = location.origin
    var request = SigV4.Request(
      method: "GET",
      path: location.path(key),
      headers: [("host", origin.hostField)],
      payload: SigV4.unsignedPayload
    )
    if let fileName {
      let name = "attachment; filename*=UTF-8''\(PercentEncoding.encode(fileName))"
      request.query.add("response-content-disposition", name)
    }
    let seconds = Int(min(max(1, expires.inSeconds), 604_800))
    let query = signer.presignedQuery(request, at: clock.signatureTime, expires: seconds)
    return "\(origin.scheme)://\(origin.hostField)\(request.path)?\(query)"
  }

  // MARK: Calls

  /// The most bytes of a response's body that are kept: those of a listing.
  static let documentLimit = 8 << 20

  /// Makes attempts of a call until one succeeds or no further one makes sense.
  /// - Parameters:
  ///   - request: the one of the next attempt; nil when there can be no further one.
  ///   - policy: nil for that of the configuration.
  ///   - receiver: gets the body of a success; nil to keep it.
  ///   - limit: the most bytes of a body that are kept.
  ///   - value: makes the call's value of a success; nil when its body is not what the operation returns.
  func call<Value: Sendable>(
    _ operation: S3Operation,
    _ request: () -> S3Request?,
    policy: S3RetryPolicy? = nil,
    receiver: S3Receiver? = nil,
    limit: Int = S3Client.documentLimit,
    _ value: (ExchangeResponse) -> Value?
  ) async throws(S3Failure) -> Value {
    var retries = S3RetryStateMachine(policy ?? configuration.retry)
    var last: S3Failure?
    var failing: ContinuousClock.Instant?
    while let request = request() {
      let failure: S3AttemptFailure
      do throws(S3AttemptFailure) {
        let response = try await attempt(request, isRetry: retries.failures > 0, receiver: receiver, limit: limit)
        guard let value = value(response) else { throw interpreter.unexpected(response, to: request) }
        return value
      } catch {
        failure = error
      }
      let now = ContinuousClock.now
      let start = failing ?? now
      failing = start
      let action = retries.failed(failure.retry, after: now - start, fraction: Double.random(in: 0..<1))
      last = failure.failure.after(attempts: retries.failures)
      switch action {
      case .giveUp: throw failed(operation, last)
      case .correctClock(let seconds): clock.correct(by: seconds)
      case .retry(let pause):
        do {
          try await Task.sleep(for: pause)
        } catch {
          throw failed(operation, S3Failure(.cancelled, "The request was cancelled.", cause: last))
        }
      }
    }
    throw failed(operation, last)
  }

  /// The same for a request that is repeated as it is.
  func call<Value: Sendable>(
    _ request: S3Request,
    policy: S3RetryPolicy? = nil,
    limit: Int = S3Client.documentLimit,
    _ value: (ExchangeResponse) -> Value?
  ) async throws(S3Failure) -> Value {
    try await call(request.operation, { request }, policy: policy, limit: limit, value)
  }

  /// Counts a call that has failed for good.
  private func failed(_ operation: S3Operation, _ failure: S3Failure?) -> S3Failure {
    counters.failed(operation)
    return failure ?? S3Failure(.cancelled, "The request was cancelled.")
  }

  /// One request and its response.
  private func attempt(
    _ request: S3Request,
    isRetry: Bool,
    receiver: S3Receiver?,
    limit: Int
  ) async throws(S3AttemptFailure) -> ExchangeResponse {
    counters.sent(request.operation, isRetry: isRetry)
    let start = ContinuousClock.now
    let correction = clock.correction
    let response: ExchangeResponse
    do throws(S3SendFailure) {
      response = try await connections.send(
        request.head(at: location, signer: signer, time: S3Clock.now + correction),
        request.body,
        in: receiver == nil ? request.lane : .streams,
        receiver: receiver,
        limit: limit
      )
    } catch {
      throw interpreter.failure(error)
    }
    counters.responded(request.operation, in: .now - start)
    clock.note(response.headers)
    let engineClock = S3EngineClock(response, now: S3Clock.now, correction: correction)
    if let failure = interpreter.failure(response, to: request, engineClock) { throw failure }
    return response
  }
}

extension S3Interpreter {
  init(_ configuration: S3Configuration, engine: String) {
    let keys = configuration.credentials
    self.init(
      engine: engine,
      bucket: configuration.bucket,
      region: configuration.region,
      timeouts: Timeouts(idle: configuration.idleTimeout, response: configuration.responseTimeout),
      secrets: [keys.secretAccessKey, keys.sessionToken, keys.accessKeyID].compactMap { $0 }
    )
  }
}

extension S3Failure {
  /// The same failure after several attempts, which its message then says.
  func after(attempts: Int) -> S3Failure {
    guard attempts > 1, kind != .cancelled else { return self }
    let text = "\(message) There were \(attempts) attempts."
    var failure = S3Failure(kind, status: status, code: code, text, cause: cause)
    failure.attempts = attempts
    return failure
  }
}
