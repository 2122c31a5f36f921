import UploadCore
import UploadStorage

extension S3Failure {
  /// The error for the client of an upload of which something could not be stored.
  var storing: UploadError {
    guard kind == .noKey else { return uploadError }
    let message = "The object store has lost the parts of the file: another program aborted them."
    return UploadError(.storageFailed, message + " Send the file again.", cause: self)
  }

  /// The error for the client of an upload whose object could not get its name. Only for requests that must not replace an
  /// object: it ends a resumable upload.
  var naming: UploadError {
    guard isConflict else { return storing }
    let message = "Another program stored an object of that name meanwhile. Send the file again."
    return UploadError(.nameTaken, message, cause: self)
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
