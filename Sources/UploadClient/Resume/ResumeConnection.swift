import Glibc
import HTTPExchange
import NIOCore
import NIOHTTP1
import UploadCore

/// Sends the requests of one resumable upload, each on a connection of its own, and waits between them.
struct ResumeConnection: Sendable {
  /// The upload's request and content as a whole.
  let attempt: UploadAttempt
  /// How long a server may take to delete a cancelled upload.
  private static let deletionTime = TimeAmount.seconds(2)
  let pause = UploadPause()
  private var retries: RetryStateMachine
  /// Whether the server has rejected the expectation of `100 Continue`.
  private var rejectsExpectation = false

  private var meter: UploadMeter { attempt.meter }

  init(_ attempt: UploadAttempt) {
    self.attempt = attempt
    retries = RetryStateMachine(attempt.resources.configuration.retry, isRepeatable: true, start: .now)
  }

  /// An event loop for the next step.
  var loop: any EventLoop { attempt.resources.eventLoopGroup.next() }

  /// The server has stored enough more than before (``ResumeStateMachine/furthest``).
  mutating func progressed() {
    retries.progressed(at: .now)
  }

  /// Waits while the upload is paused, which must be so.
  /// - Throws: ``Cancellation/error``.
  mutating func waitForUser() async throws(UploadError) {
    let start = ContinuousClock.now
    meter.setNetworkBytes(0)
    meter.phase = .userPause
    try await pause.untilContinued(attempt.cancellation, on: loop)
    meter.phase = .waiting
    retries.wasPaused(for: ContinuousClock.now - start)
  }

  /// One request and its response; two when the server rejects the expectation.
  mutating func exchange(
    _ request: UploadRequest,
    _ part: BodyPart
  ) async -> Result<ExchangeResult, FailedAttempt> {
    var current = attempt
    (current.request, current.part, current.pause) = (request, part, pause)
    if rejectsExpectation { current.request.head.headers.remove(name: "expect") }
    do throws(FailedAttempt) {
      current.content = attempt.content.renewed(for: part)
      var result = try await current.run()
      if current.isExpectationRejected(result) {
        rejectsExpectation = true
        current.request.head.headers.remove(name: "expect")
        current.content = attempt.content.renewed(for: part)
        result = try await current.run()
      }
      return .success(result)
    } catch {
      return .failure(error)
    }
  }

  /// Sends a request for an upload that has ended, in one attempt that ends after 2 s at the latest.
  func sendLast(_ request: UploadRequest) async {
    var last = attempt
    let cancellation = Cancellation()
    (last.request, last.part, last.cancellation, last.pause) = (request, .nothing, cancellation, nil)
    let timer = loop.scheduleTask(in: Self.deletionTime) { cancellation.cancel() }
    // The upload has ended: a failure changes nothing, and the server deletes what is unfinished in the end.
    _ = try? await last.run()
    timer.cancel()
  }

  /// Waits before the next attempt, or until the upload is paused.
  /// - Parameter sent: how many bytes of the file the failed attempt had sent at its end, counted from its beginning; 0 when
  ///   it sent nothing.
  /// - Throws: the attempt's error when no other attempt follows.
  mutating func wait(after failed: FailedAttempt, sent: UInt64) async throws(UploadError) {
    var random = SystemRandomNumberGenerator()
    let now = ContinuousClock.now
    switch retries.failed(failed, sent: sent, at: now, timeOfDay: Int64(time(nil)), using: &random) {
    case .giveUp(let reason): throw failed.error.adding(reason.note(attempts: retries.failures))
    case .pause(let duration):
      meter.pause(
        because: failed.error.event,
        attempt: retries.failures + 1,
        until: now + duration,
        continuingAt: meter.received,
        cause: failed.error.retryCause
      )
      try await pause.sleep(duration, attempt.cancellation, on: loop)
      meter.beginAttempt()
    }
  }

  /// The failure of a request whose response does not decide the upload.
  func temporary(_ result: ExchangeResult) -> FailedAttempt {
    let response = result.response
    let sent = ExchangeResponse.Sent(name: meter.name, bytes: 0, type: "")
    var error = UploadError(
      .badAnswer,
      "HTTP \(response.status) of the server does not say how to continue the upload."
    )
    do throws(UploadError) {
      if !response.isSuccess { _ = try response.finishedUpload(sent) }
    } catch let rejection {
      error = rejection
    }
    return FailedAttempt(
      error: error,
      isTemporary: true,
      isSourceUsed: result.isBodyBegun,
      retryAfter: response.retryAfter
    )
  }
}

extension FailedAttempt {
  /// The same failure, after which an upload that can be resumed may continue.
  var temporary: FailedAttempt {
    var copy = self
    copy.isTemporary = true
    return copy
  }
}
