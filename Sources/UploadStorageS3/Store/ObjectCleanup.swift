import Synchronization
import UploadCore
import UploadStorage

/// Deletes what is left of uploads that have failed: parts at the engine, and claims. Works beside the uploads, so that none
/// waits for it; ``finish(within:)`` waits for all of it when the server stops.
///
/// What cannot be deleted, because the engine does not respond, is left to the sweep of claims: the claim stays until then.
final class ObjectCleanup: Sendable {
  private struct Running {
    var count = 0
    var waiting: [CheckedContinuation<Void, Never>] = []
  }

  private let requests: any S3Requests
  private let claims: ObjectClaims
  private let running = Mutex(Running())

  init(_ requests: any S3Requests, _ claims: ObjectClaims) {
    (self.requests, self.claims) = (requests, claims)
  }

  /// Aborts a multipart upload, of which no part is being sent any more, and releases its claim. If it was completed, and that
  /// was not confirmed, its object is deleted, unless it may have replaced another one. Does not block.
  func abort(_ object: MultipartObject) {
    object.renewing?.cancel()
    begin { [requests, claims] in
      do throws(S3Failure) {
        try await requests.abortMultipart(object.key, uploadID: object.uploadID)
        if object.claim.isExclusive {
          try await requests.delete(object.key, of: [object.metadata.upload], isPatient: true)
        }
        await claims.release(object.claim)
      } catch {
        claims.drop(object.claim)
      }
    }
  }

  /// Runs something that uploads do not wait for. Does not block.
  func begin(_ work: @escaping @Sendable () async -> Void) {
    running.withLock { $0.count += 1 }
    Task {
      await work()
      end()
    }
  }

  private func end() {
    let waiting = running.withLock { running -> [CheckedContinuation<Void, Never>] in
      running.count -= 1
      guard running.count == 0 else { return [] }
      defer { running.waiting = [] }
      return running.waiting
    }
    waiting.forEach { $0.resume() }
  }

  /// Waits until nothing is left to be deleted, at most for a time.
  func finish(within limit: Duration) async {
    let timer = Task {
      try? await Task.sleep(for: limit)
      resumeAll()
    }
    await withCheckedContinuation { (continuation: CheckedContinuation<Void, Never>) in
      let isIdle = running.withLock { running in
        if running.count > 0 { running.waiting.append(continuation) }
        return running.count == 0
      }
      if isIdle { continuation.resume() }
    }
    timer.cancel()
  }

  private func resumeAll() {
    let waiting = running.withLock { running in
      defer { running.waiting = [] }
      return running.waiting
    }
    waiting.forEach { $0.resume() }
  }
}

extension S3Requests {
  /// Deletes an object if one of some uploads has stored it: meanwhile it may be another's.
  /// - Parameter isPatient: as in ``head(_:isPatient:)``.
  func delete(_ key: String, of uploads: Set<UploadID>, isPatient: Bool) async throws(S3Failure) {
    let found = try await head(key, isPatient: isPatient)
    if let found, ObjectMetadata.isOwn(found, of: uploads) { try await delete(key) }
  }
}
