import UploadCore
import UploadStorage

extension S3Failure {
  /// The error for the client of an upload whose object could not be stored.
  var storing: UploadError {
    switch kind {
    case .noKey:
      let message = "The object store has lost the parts of the file: another program aborted them."
      return UploadError(.storageFailed, message + " Send the file again.", cause: self)
    case .conditionFailed, .conflict:
      let message = "Another program stored an object of that name meanwhile. Send the file again."
      return UploadError(.nameTaken, message, cause: self)
    case .unreachable, .timeout, .denied, .noBucket, .slowDown, .clockSkew, .wrongRegion, .notS3, .rejected, .server,
      .cancelled:
      return uploadError
    }
  }

  /// Whether the request may have been carried out although no success was reported.
  var mayHaveSucceeded: Bool {
    switch kind {
    case .unreachable, .timeout, .slowDown, .server, .noKey, .conditionFailed, .conflict: true
    case .denied, .noBucket, .clockSkew, .wrongRegion, .notS3, .rejected, .cancelled: false
    }
  }

  /// Whether `If-None-Match: *` has found an object.
  var isConflict: Bool { kind == .conditionFailed || kind == .conflict }
}

/// Runs requests that store something.
/// - Throws: ``UploadError`` instead of ``S3Failure``.
func storing<Result>(_ body: () async throws(S3Failure) -> Result) async throws(UploadError) -> Result {
  do throws(S3Failure) {
    return try await body()
  } catch {
    throw error.storing
  }
}

/// Runs requests that read what is stored.
/// - Throws: ``UploadError`` instead of ``S3Failure``.
func fetching<Result>(_ body: () async throws(S3Failure) -> Result) async throws(UploadError) -> Result {
  do throws(S3Failure) {
    return try await body()
  } catch {
    throw error.uploadError
  }
}
