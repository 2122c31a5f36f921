package import UploadCore

/// Why a request to the engine failed for good, after all attempts that made sense.
package struct S3Failure: Error, Sendable {
  /// What kind of failure it is.
  package enum Kind: Sendable, Equatable, CaseIterable {
    /// No connection could be established, or it was lost.
    case unreachable
    /// The engine did not respond in time, or accepted no data.
    case timeout
    /// The key is unknown, the secret is wrong, or they do not allow the request.
    case denied
    /// There is no such bucket.
    case noBucket
    /// There is no such object, or no such multipart upload.
    case noKey
    /// `If-None-Match` or `If-Match` failed.
    case conditionFailed
    /// Another request changed the same object at the same time (409). A multipart upload must be done again.
    case conflict
    /// The engine is overloaded (503 `SlowDown`, 429).
    case slowDown
    /// The clocks of this machine and the engine differ too much, and correcting for it did not help.
    case clockSkew
    /// The bucket is in another region, or at another address.
    case wrongRegion
    /// What responds does not speak the S3 protocol.
    case notS3
    /// The engine does not accept the request for another reason.
    case rejected
    /// The engine failed (5xx).
    case server
    /// The task was cancelled.
    case cancelled
  }

  /// Decides what follows from it.
  package let kind: Kind
  /// The status of the engine's last response; nil without one.
  package let status: Int?
  /// The engine's error code, such as `NoSuchBucket`; nil without one.
  package let code: String?
  /// What happened and what to do, without secrets. It may quote the engine.
  package let message: String
  /// The error that caused this one; nil without one.
  package let cause: (any Error)?
  /// How many attempts were made.
  package var attempts = 1

  package init(
    _ kind: Kind,
    status: Int? = nil,
    code: String? = nil,
    _ message: String,
    cause: (any Error)? = nil
  ) {
    (self.kind, self.status, self.code, self.message, self.cause) = (kind, status, code, message, cause)
  }
}

extension S3Failure {
  /// The error to report to the client of an upload or download.
  package var uploadError: UploadError { UploadError(uploadCode, message, cause: self) }

  private var uploadCode: UploadError.Code {
    switch kind {
    // A conflict is that of an object which the store has for itself, unless a file was to get its name.
    case .unreachable, .timeout, .slowDown, .server, .denied, .noBucket, .clockSkew, .wrongRegion, .notS3,
      .conditionFailed, .conflict:
      .storeUnavailable
    case .noKey: .notFound
    case .rejected: .storageFailed
    case .cancelled: .cancelled
    }
  }
}
