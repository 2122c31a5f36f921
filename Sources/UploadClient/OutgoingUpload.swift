import Glibc
import NIOCore
import NIOHTTP1
import UploadCore

/// One upload in transit: the source is open, the request is known, and the meter runs.
struct OutgoingUpload: Sendable {
  let source: OpenedSource
  let request: UploadRequest
  let target: SendTarget
  let meter: UploadMeter
  let cancellation: UploadCancellation
  let resources: ClientResources

  /// Sends the source, in as many attempts as ``UploadClientConfiguration/retry`` allows.
  /// - Throws: the last attempt's error, with the reason why no other attempt follows.
  func run() async throws(UploadError) -> FinishedUpload {
    try cancellation.check()
    let (tls, trust) = (resources.tls, target.trust)
    var attempt = UploadAttempt(
      request: request,
      content: try await content(),
      target: target,
      meter: meter,
      cancellation: cancellation,
      resources: resources,
      encryption: target.isSecure ? try await resources.onPool { try tls.context(trust) } : nil
    )
    var retries = RetryStateMachine(
      resources.configuration.retry,
      isRepeatable: attempt.content.isRepeatable,
      start: .now
    )
    var random = SystemRandomNumberGenerator()
    while true {
      let failed: FailedAttempt
      do throws(FailedAttempt) {
        return try await perform(&attempt)
      } catch {
        failed = error
      }
      guard !cancellation.isCancelled else { throw failed.error }
      let now = ContinuousClock.now
      let timeOfDay = Int64(time(nil))
      switch retries.failed(failed, sent: meter.received, at: now, timeOfDay: timeOfDay, using: &random) {
      case .giveUp(let reason): throw failed.error.adding(reason.note(attempts: retries.failures))
      case .pause(let duration):
        meter.pause(because: failed.error.message, attempt: retries.failures + 1, until: now + duration)
        try await cancellation.sleep(duration, on: resources.eventLoopGroup.next())
        meter.beginAttempt()
        attempt.content = attempt.content.renewed
      }
    }
  }

  /// One attempt: a request and its response; two when the server rejects the expectation.
  private func perform(_ attempt: inout UploadAttempt) async throws(FailedAttempt) -> FinishedUpload {
    var result = try await attempt.run()
    if attempt.isExpectationRejected(result) {
      attempt.request.head.headers.remove(name: "expect")
      result = try await attempt.run()
    }
    do throws(UploadError) {
      var finished = try result.response.finishedUpload(
        ServerResponse.Sent(
          name: meter.name,
          bytes: meter.received,
          type: request.contentType,
          isWholeForm: request.isForm && result.isBodySent,
          hasToken: request.hasToken
        )
      )
      finished.detectedType = meter.detectedType
      try await verify(finished, attempt.content)
      return finished
    } catch {
      throw FailedAttempt(error, result)
    }
  }

  /// Compares the digest of the server's response, if there is one, with that of the content that was sent.
  private func verify(_ finished: FinishedUpload, _ content: BodyContent) async throws(UploadError) {
    guard let reported = finished.sha256.flatMap({ ContentDigests(sha256Text: $0) }) else { return }
    let cancellation = cancellation
    let sent = try await resources.onPool {
      try content.digests { () throws(UploadError) in try cancellation.check() }
    }
    guard sent == reported else {
      let message = "Checksum mismatch: the server reports another SHA-256 for the stored file. Send the file again."
      throw UploadError(.contentMismatch, message)
    }
  }

  /// The content of the request bodies; in buffered mode after reading all of it into memory.
  private func content() async throws(UploadError) -> BodyContent {
    guard meter.mode == .buffered else {
      if source.regular == nil { return .stream(StreamReader(source, atMost: resources.limiter?.chunkSize)) }
      return target.isSecure ? .copied(ChunkReader(source)) : .file(source)
    }
    let upload = self
    return try await resources.onPool {
      BodyContent.memory(
        try FormInMemory(
          reading: upload.source,
          framing: upload.request.framingBytes,
          available: upload.resources.configuration.availableMemory(),
          onBlock: { upload.meter.add($0) },
          checkCancellation: { () throws(UploadError) in try upload.cancellation.check() }
        )
      )
    }
  }
}
