import UploadCore

/// An attempt to send that came to nothing, and whether another may fare better.
struct FailedAttempt: Error {
  let error: UploadError

  /// Whether the reason may pass, and the server cannot have said that it stored anything.
  var isPassing = false

  /// Whether any of the body was sent, or read from a source that cannot be read again.
  var isSourceUsed = false

  /// What the server asked for in `Retry-After`, as it stands; nil when it said nothing.
  var retryAfter: String?
}

extension FailedAttempt {
  /// Statuses by which servers refuse that are busy, starting or stopping, and proxies before one that is.
  private static let refusals: Set<Int> = [429, 502, 503]

  /// Status of a proxy that waits no longer: the server behind it has got all that the proxy has, and stores it perhaps.
  private static let gatewayTimeout = 504

  /// An answer that is no success.
  /// - Parameters:
  ///   - isBodySent: whether the server, or a proxy before it, has the whole body.
  ///   - isBodyBegun: whether any of the body was sent, or read from its source.
  init(_ error: UploadError, answer: ServerAnswer, isBodySent: Bool, isBodyBegun: Bool) {
    let isTimeout = answer.status == Self.gatewayTimeout
    if isTimeout, isBodySent {
      let note = " The server behind it may have stored the file; look before sending it again."
      self.init(error: UploadError(error.code, error.message + note, cause: error.cause))
    } else {
      let isPassing = isTimeout || Self.refusals.contains(answer.status)
      self.init(error: error, isPassing: isPassing, isSourceUsed: isBodyBegun, retryAfter: answer.retryAfter)
    }
  }
}
