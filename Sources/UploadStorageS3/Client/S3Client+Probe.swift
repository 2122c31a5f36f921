import NIOCore
import UploadCore

// MARK: At start

extension S3Client {
  /// The most attempts of the first request: the user who starts a server waits for it.
  private static let probeAttempts = 3

  /// Checks that the engine can be used, and what it supports: lists, writes, reads and deletes an object of a random key
  /// that begins with `prefix`, and begins, completes or aborts a multipart upload of it.
  /// - Throws: ``S3Failure``, whose message says what to set: for the engine's address, TLS, its clock, the credentials, the
  ///   bucket, the region, and permissions that are missing.
  package func probe(prefix: String) async throws(S3Failure) -> S3Capabilities {
    var policy = configuration.retry.impatient
    policy.attempts = min(policy.attempts, Self.probeAttempts)
    let key = prefix + "probe-" + Hexadecimal.text((0..<8).map { _ in UInt8.random(in: 0...255) })
    // Unlike those to HEAD, error responses to this have a code that says what is wrong.
    let list = S3Request.list(prefix: prefix, delimiter: nil, continuation: nil, limit: 1)
    _ = try await call(.listObjects, { list }, policy: policy) { $0.document.flatMap(S3Documents.listing) }
    do throws(S3Failure) {
      let conditionalPut = try await honoursConditionOfPut(key)
      guard try await head(key)?.size == Self.probeBody.length else {
        throw S3Failure(
          .server,
          "The S3 engine has stored an object, but does not return it with its size. Check its log."
        )
      }
      let conditionalComplete = try await honoursConditionOfComplete(key)
      try await delete(key)
      return S3Capabilities(conditionalPut: conditionalPut, conditionalComplete: conditionalComplete)
    } catch {
      try? await delete(key)
      throw error
    }
  }

  private static let probeBody = S3Body.bytes(ByteBuffer(string: "sluice"))

  /// Leaves an object of that key behind.
  private func honoursConditionOfPut(_ key: String) async throws(S3Failure) -> Bool {
    switch try await putIfAbsent(key) {
    case nil: break
    // Nothing but this call uses the key: an earlier attempt has stored the object, and its response was lost.
    case .unmet: return true
    case .unknown:
      try await put(key, Self.probeBody, S3ObjectHeaders(), ifAbsent: false)
      return false
    }
    return try await putIfAbsent(key) == .unmet
  }

  /// - Returns: nil where the object was stored.
  private func putIfAbsent(_ key: String) async throws(S3Failure) -> S3Failure.ConditionRejection? {
    do throws(S3Failure) {
      try await put(key, Self.probeBody, S3ObjectHeaders(), ifAbsent: true)
      return nil
    } catch {
      guard let rejection = error.conditionRejection else { throw error }
      return rejection
    }
  }

  /// - Parameter key: of an object that exists.
  private func honoursConditionOfComplete(_ key: String) async throws(S3Failure) -> Bool {
    let upload = try await createMultipart(key, S3ObjectHeaders())
    do throws(S3Failure) {
      let tag = try await uploadPart(key, uploadID: upload, number: 1, Self.probeBody)
      let part = S3Part(number: 1, size: Self.probeBody.length, tag: tag)
      try await completeMultipart(key, uploadID: upload, parts: [part], ifAbsent: true)
      return false
    } catch {
      try? await abortMultipart(key, uploadID: upload)
      guard let rejection = error.conditionRejection else { throw error }
      return rejection == .unmet
    }
  }
}

extension S3Failure {
  /// Why an engine rejected a condition.
  fileprivate enum ConditionRejection {
    /// There is an object of that key.
    case unmet
    /// It does not know the condition.
    case unknown
  }

  /// Nil for a failure for another reason.
  fileprivate var conditionRejection: ConditionRejection? {
    switch kind {
    case .conditionFailed: .unmet
    case .rejected, .server: code == "NotImplemented" || status == 501 ? .unknown : nil
    case .unreachable, .timeout, .denied, .noBucket, .noKey, .conflict, .slowDown, .clockSkew, .wrongRegion, .notS3,
      .cancelled:
      nil
    }
  }
}

/// What an engine was seen to support when the server started.
package struct S3Capabilities: Sendable, Equatable {
  /// Whether `If-None-Match: *` keeps a PUT from replacing an object.
  package var conditionalPut: Bool
  /// Whether it keeps the completion of a multipart upload from replacing an object.
  package var conditionalComplete: Bool

  package init(conditionalPut: Bool, conditionalComplete: Bool) {
    (self.conditionalPut, self.conditionalComplete) = (conditionalPut, conditionalComplete)
  }
}
