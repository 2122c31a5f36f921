import HTTPExchange
import UploadCore

/// Why one attempt to send failed, and what decides whether another one may succeed.
struct FailedAttempt: Error {
  let error: UploadError

  /// Whether another attempt may succeed: the cause is temporary, and nothing suggests that the server has stored the file.
  var isTemporary = false

  /// Whether sending or reading the body had begun. A source that can be read only once must then not be sent again.
  var isSourceUsed = false

  /// The value of the response's `Retry-After`, as sent; nil without one.
  var retryAfter: String?

  /// How the exchange failed; nil when no connection could be established, or there was a response.
  var failure: ExchangeFailure?

  /// Whether the socket had accepted the whole body.
  var isBodySent = false

  /// Offset in the content beyond which the server can have received nothing in this attempt.
  var reach: UInt64 = 0
}

extension FailedAttempt {
  /// The failure for a ``ConnectFailure`` or an unexpected error of SwiftNIO.
  init(unusable error: any Error) {
    let failure = ConnectFailure(unusable: error)
    self.init(error: failure.error, isTemporary: failure.isTemporary)
  }

  /// The failure of an attempt without a usable response.
  init(_ error: ExchangeError, of attempt: UploadAttempt) {
    switch error {
    case .notConnected(let failure): self.init(error: failure.error, isTemporary: failure.isTemporary)
    case .failed(let failed):
      self.init(
        error: failed.failure.error(
          of: attempt.meter,
          from: attempt.connector.server.name,
          attempt.resources.configuration,
          cause: failed.cause
        ),
        // A server that has the whole body may have stored it: sent again, the file would be stored twice.
        isTemporary: failed.failure.isTemporary && !failed.isBodySent,
        isSourceUsed: failed.isBodyBegun,
        failure: failed.failure,
        isBodySent: failed.isBodySent,
        reach: failed.reach
      )
    }
  }

  /// Statuses of servers that are busy, starting or stopping, and of proxies in front of one.
  private static let temporaryRejections: Set<Int> = [429, 502, 503]

  /// The status of a proxy whose upstream timed out. The upstream has received everything that the proxy has, and may have
  /// stored it.
  private static let gatewayTimeout = 504

  /// The failure of an attempt that has a response. It is temporary for the statuses 429, 502 and 503, and for 504 as long as
  /// the body was not sent completely.
  /// - Parameters:
  ///   - error: why the upload failed with this response: a rejection, or a size or digest that does not match, for
  ///     example.
  ///   - result: the response, and how much of the body was sent before.
  init(_ error: UploadError, _ result: ExchangeResult) {
    let status = result.response.status
    if status == Self.gatewayTimeout, result.isBodySent {
      self.init(
        error: error.adding("The server behind it may have stored the file. Check that before you send it again.")
      )
    } else {
      self.init(
        error: error,
        isTemporary: status == Self.gatewayTimeout || Self.temporaryRejections.contains(status),
        isSourceUsed: result.isBodyBegun,
        retryAfter: result.response.retryAfter
      )
    }
  }
}

extension UploadError {
  /// What the time until the next attempt counts for: the network, unless the server's system has responded.
  var retryCause: TimeCause {
    [.unreachable, .connectionLost, .timedOut].contains(code) ? .network : .server
  }

  /// What happened, without the advice that follows: for an upload that is retried by itself.
  var event: String {
    let end = message.utf8.indices.first { index in
      message.utf8[index] == UInt8(ascii: ".") && message.utf8[index...].dropFirst().first == UInt8(ascii: " ")
    }
    return end.map { String(message[...$0]) } ?? message
  }

  /// The same error with another sentence at the end of its message; unchanged without one.
  func adding(_ sentence: String?) -> UploadError {
    sentence.map { UploadError(code, "\(message) \($0)", cause: cause) } ?? self
  }
}
