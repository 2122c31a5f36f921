import UploadCore

/// An attempt to send that came to nothing, and whether another may fare better.
struct FailedAttempt: Error {
  let error: UploadError

  /// Whether the reason may pass, and the server cannot have said that it stored anything.
  var isPassing = false

  /// What the server asked for in `Retry-After`, as it stands; nil when it said nothing.
  var retryAfter: String?
}

extension FailedAttempt {
  /// Statuses of servers that are busy, starting or stopping, and of proxies before such servers.
  private static let passingStatuses: Set<Int> = [429, 502, 503, 504]

  /// An answer that is no success.
  init(_ error: UploadError, answer: ServerAnswer) {
    self.init(
      error: error,
      isPassing: Self.passingStatuses.contains(answer.status),
      retryAfter: answer.retryAfter
    )
  }
}
