import Glibc
import NIOCore
import UploadCore

extension Uploader {
  /// Sends a source that has been opened, again and again as far as ``UploadClientConfiguration/retry`` allows.
  /// - Throws: the last attempt's error, with why there is no other one.
  func upload(
    _ source: OpenedSource,
    _ request: UploadRequest,
    to target: SendTarget,
    meter: UploadMeter,
    cancellation: UploadCancellation
  ) async throws(UploadError) -> FinishedUpload {
    guard !cancellation.isCancelled else { throw UploadCancellation.error }
    let content = try await content(of: source, request, target, meter: meter, cancellation: cancellation)
    let connection = try await connection(to: target)
    var retries = RetryStateMachine(configuration.retry, isRepeatable: content.isRepeatable, start: .now)
    var random = SystemRandomNumberGenerator()
    var request = request
    while true {
      let failed: FailedAttempt
      do throws(FailedAttempt) {
        var finished = try await attempt(&request, content, on: connection, meter: meter, cancellation: cancellation)
        finished.detectedType = meter.detectedType
        do throws(UploadError) {
          try await verify(finished, content, cancellation)
        } catch {
          throw FailedAttempt(error: error)
        }
        return finished
      } catch {
        failed = error
      }
      guard !cancellation.isCancelled else { throw failed.error }
      let now = ContinuousClock.now
      let timeOfDay = Int64(time(nil))
      switch retries.failed(failed, sent: meter.received, at: now, timeOfDay: timeOfDay, using: &random) {
      case .giveUp(let reason):
        throw failed.error.adding(reason.note(attempts: retries.failures))
      case .pause(let duration):
        meter.pause(because: failed.error.message, attempt: retries.failures + 1, until: now + duration)
        try await pause(duration, cancellation)
        meter.startAgain()
      }
    }
  }

  /// One request and its answer; two when the server turns down the expectation.
  private func attempt(
    _ request: inout UploadRequest,
    _ content: BodyContent,
    on connection: UploadConnection,
    meter: UploadMeter,
    cancellation: UploadCancellation
  ) async throws(FailedAttempt) -> FinishedUpload {
    var result = try await connection.run(
      job(request, content, meter, to: connection.target),
      cancellation: cancellation
    )
    // RFC 9110 section 10.1.1: whoever is told that an expectation cannot be met asks again without it.
    if result.answer.status == 417, request.expectsContinue, !result.bodyBegun {
      request.dropExpectation()
      result = try await connection.run(job(request, content, meter, to: connection.target), cancellation: cancellation)
    }
    do throws(UploadError) {
      return try result.answer.verdict(
        on: ServerAnswer.Sent(
          name: meter.name,
          bytes: meter.received,
          type: request.contentType,
          isWholeForm: request.isForm && result.bodySent
        )
      )
    } catch {
      throw FailedAttempt(error, answer: result.answer, isBodySent: result.bodySent, isBodyBegun: result.bodyBegun)
    }
  }

  private func pause(_ duration: Duration, _ cancellation: UploadCancellation) async throws(UploadError) {
    let loop = eventLoopGroup.next()
    let over = loop.makePromise(of: Void.self)
    let timer = loop.scheduleTask(in: TimeAmount(duration)) { over.succeed() }
    cancellation.onCancel {
      timer.cancel()
      over.fail(UploadCancellation.error)
    }
    do {
      try await over.futureResult.get()
    } catch {
      throw UploadCancellation.error
    }
  }
}

extension UploadError {
  /// The same error with another sentence at the end of its message.
  fileprivate func adding(_ sentence: String?) -> UploadError {
    sentence.map { UploadError(code, "\(message) \($0)", cause: cause) } ?? self
  }
}
