import HTTPTypes
import NIOCore
import UploadCore
import UploadProtocol
import UploadStorage

/// Requests that end early, and uploads that end with them.
extension ResumableBody {
  func interrupt(_ interruption: Interruption) {
    if case .failed(let error) = interruption, error.code == .cancelled { isCancelled = true }
    switch state {
    case .preparing: self.interruption = self.interruption ?? interruption
    case .appending:
      self.interruption = interruption
      endInterrupted()
    case .publishing:
      // Only a user can end that: the file is complete.
      guard case .failed(let error) = interruption, error.code == .cancelled else { return }
      self.interruption = interruption
      sink?.abort()
    case .ending, .over: break
    }
  }

  /// Ends the request because of ``interruption``: what has arrived is recorded, unless the upload can never succeed.
  func endInterrupted() {
    switch interruption {
    case .failed(let error) where error.endsResumableUpload: fail(afterRelease: error)
    case .failed(let error):
      suspendInterrupted { self.end(self.failure(error, isFinal: false), rejection: nil) }
    case .replaced: suspendInterrupted { self.end(.replaced) }
    case nil: end(.replaced)
    }
  }

  func suspendInterrupted(_ next: @escaping () -> Void) {
    let isProvisional = content?.isProvisional ?? false
    state = .ending
    guard let sink, !isProvisional else {
      self.sink?.abort()
      self.sink = nil
      return next()
    }
    recordBytes(of: sink, next)
  }

  /// Ends the request because of an error, and the upload with it where that can never succeed.
  func fail(afterRelease error: UploadError) {
    guard state != .over else { return }
    state = .ending
    sink?.abort()
    sink = nil
    guard let id = record?.id else { return reject(error) }
    guard !error.endsResumableUpload else {
      return delete(isRemembered: error.code != .cancelled, error) {
        self.end(self.failure(error, isFinal: true), rejection: nil)
      }
    }
    // The offset may have grown before the failure.
    uploads.store.find(id, on: eventLoop).assumeIsolated().whenComplete { result in
      if case .success(.some(let record)) = result { self.record = record }
      self.end(self.failure(error, isFinal: false), rejection: nil)
    }
  }

  /// Deletes the upload, and ends it in the ledger.
  /// - Parameters:
  ///   - isRemembered: whether later requests learn that it is gone, instead of that it does not exist.
  ///   - error: why; nil when the client has decided that.
  func delete(isRemembered: Bool, _ error: UploadError? = nil, _ next: @escaping () -> Void) {
    state = .ending
    sink?.abort()
    sink = nil
    guard let id = record?.id else { return next() }
    record = nil
    let reason = error ?? UploadError(.cancelled, "The client has cancelled the upload.")
    let uploads = uploads
    let expires = CurrentTime.seconds + ResumableUploads.memory
    let deleted: EventLoopFuture<Void> =
      isRemembered
      ? uploads.store.update(id, on: eventLoop) { record in (record.state, record.expires) = (.gone, expires) }.map {
        _ in
      }
      : uploads.store.remove(id, on: eventLoop)
    deleted.assumeIsolated().whenComplete { _ in
      uploads.end(id, with: .failure(reason), expires: expires)
      if !isRemembered { uploads.forget(id) }
      next()
    }
  }
}
