import UploadCore

/// Why one attempt to send failed, and what decides whether another one may succeed.
struct FailedAttempt: Error {
  let error: UploadError

  /// Whether the cause is temporary, and the server cannot have confirmed that it stored anything.
  var isPassing = false

  /// Whether any of the body was sent, or read from a source that cannot be read again.
  var isSourceUsed = false

  /// The value of the response's `Retry-After`; nil without one.
  var retryAfter: String?
}

extension FailedAttempt {
  /// Statuses of servers that are busy, starting or stopping, and of proxies in front of one.
  private static let temporaryRejections: Set<Int> = [429, 502, 503]

  /// The status of a proxy whose upstream timed out. The upstream has received everything that the proxy has, and may have
  /// stored it.
  private static let gatewayTimeout = 504

  /// A response that rejects the upload.
  /// - Parameters:
  ///   - status: of the response.
  ///   - retryAfter: the value of the response's `Retry-After`; nil without one.
  ///   - isBodySent: whether the server, or a proxy in front of it, has the whole body.
  ///   - isBodyBegun: whether any of the body was sent, or read from its source.
  init(_ error: UploadError, status: Int, retryAfter: String?, isBodySent: Bool, isBodyBegun: Bool) {
    let isTimeout = status == Self.gatewayTimeout
    if isTimeout, isBodySent {
      let note = " The server behind it may have stored the file; look before sending it again."
      self.init(error: UploadError(error.code, error.message + note, cause: error.cause))
    } else {
      let isPassing = isTimeout || Self.temporaryRejections.contains(status)
      self.init(error: error, isPassing: isPassing, isSourceUsed: isBodyBegun, retryAfter: retryAfter)
    }
  }
}
