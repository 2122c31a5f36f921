import Glibc
import NIOCore
import NIOHTTP1
import UploadCore

/// Runs one resumable upload: sends the requests that ``ResumeStateMachine`` asks for, waits between them as
/// ``RetryStateMachine`` decides or while the user has paused the upload, and notes the progress in the journal.
struct ResumableUpload {
  private let source: UploadSource
  private let configuration: ResumeConfiguration
  /// Bytes of the file.
  private let size: UInt64
  /// Whether the file may be sent in one request instead.
  private let mayBePlain: Bool
  private let requests: ResumeRequests
  private let discovery: ServerDiscovery
  private var connection: ResumeConnection
  /// The upload's place in the journal; nil without a journal, and where another process sends the file.
  private var record: ResumeRecord?

  private var attempt: UploadAttempt { connection.attempt }
  private var meter: UploadMeter { attempt.meter }
  private var cancellation: UploadCancellation { attempt.cancellation }

  /// - Returns: nil for an upload that is sent in one request: a mode with a form, a source of unknown length or a small file,
  ///   or when ``UploadClientConfiguration/resume`` is nil.
  /// - Throws: ``UploadError`` with code `badValue` when the mode is `resumable` and the source has an unknown length.
  init?(_ attempt: UploadAttempt, _ source: UploadSource, _ knownServers: KnownServers) throws(UploadError) {
    let isDemanded = attempt.meter.mode == .resumable
    let configuration = attempt.resources.configuration
    guard isDemanded || attempt.meter.mode == .stream && configuration.resume != nil else { return nil }
    let resume = configuration.resume ?? ResumeConfiguration()
    guard let size = attempt.content.source?.size else {
      guard isDemanded else { return nil }
      throw UploadError(
        .badValue,
        "A source of unknown length, such as a pipe, cannot be sent in the mode resumable. Use the mode stream, or send a file."
      )
    }
    guard isDemanded || size >= resume.threshold else { return nil }
    (self.source, self.size, self.configuration, mayBePlain) = (source, size, resume, !isDemanded)
    requests = ResumeRequests(
      plain: attempt.request,
      target: attempt.target,
      name: source.name,
      size: size,
      continueThreshold: configuration.continueThreshold
    )
    discovery = ServerDiscovery(requests: requests, knownServers: knownServers)
    connection = ResumeConnection(attempt)
  }

  /// Sends the file.
  /// - Returns: nil when it has to be sent in one request, since the server supports nothing else.
  /// - Throws: ``UploadError``; the journal keeps the upload unless it has failed for good.
  mutating func run() async throws(UploadError) -> FinishedUpload? {
    let result: Result<FinishedUpload?, UploadError>
    do throws(UploadError) {
      result = .success(try await sendNoted())
    } catch {
      // A user has cancelled it: it is not to be continued.
      if meter.isDiscarded { await record?.remove(attempt.resources) }
      // Unless the entry was removed.
      await record?.noteInterruption(meter.received, attempt.resources)
      result = .failure(error)
    }
    await record?.close(attempt.resources)
    return try result.get()
  }

  private mutating func sendNoted() async throws(UploadError) -> FinishedUpload? {
    record = try await ResumeRecord.open(configuration.journal, source, attempt)
    if record?.isChanged == true {
      meter.notice =
        "The file has changed since an earlier upload of it was interrupted. It is sent from its beginning."
    }
    if let earlier = record?.earlier {
      becomeResumable()
      var machine = self.machine(earlier.kind, uri: earlier.uri, limit: nil)
      switch try await run(&machine, mayRestart: false) {
      case .finished(let finished): return finished
      case .plain: return nil
      // The server may have changed since that run.
      case .gone: break
      }
    }
    guard case .resumable(let kind, let limit) = try await discovery.support(&connection) else {
      try becomePlain()
      return nil
    }
    var machine = self.machine(kind, uri: nil, limit: limit)
    switch try await run(&machine, mayRestart: true) {
    case .finished(let finished): return finished
    case .plain, .gone: return nil
    }
  }

  private func machine(_ kind: ResumableProtocol, uri: String?, limit: UInt64?) -> ResumeStateMachine {
    ResumeStateMachine(
      kind,
      size: size,
      creationURI: requests.creationURI(kind),
      maxRequest: [limit, configuration.maxRequest].compactMap { $0 }.min(),
      uri: uri.map { UploadLocation.withToken($0, of: requests.creationURI(kind)) }
    )
  }

  /// From here on the upload can be paused, and is shown as resumable.
  private func becomeResumable() {
    meter.mode = .resumable
    meter.onPause { [pause = connection.pause] in pause.set($0) }
  }

  /// The server supports nothing but plain uploads.
  private func becomePlain() throws(UploadError) {
    guard mayBePlain else {
      throw UploadError(
        .refusedByServer,
        "\(meter.remote) does not support resumable uploads (tus, or the IETF draft). Use the mode stream."
      )
    }
    meter.mode = .stream
    meter.endPausing()
  }

  // MARK: The requests

  /// How the requests of one machine end, apart from errors.
  private enum End {
    case finished(FinishedUpload)
    /// The file has to be sent in one request.
    case plain
    /// The upload of an earlier run does not exist any more.
    case gone
  }

  /// - Parameter mayRestart: whether a new upload is created in place of one that is gone.
  private mutating func run(
    _ machine: inout ResumeStateMachine,
    mayRestart: Bool
  ) async throws(UploadError) -> End {
    var action = ResumeStateMachine.Action.send(machine.step)
    // Why the last request failed; an action that needs it follows only such a failure.
    var failed = FailedAttempt(error: UploadError(.internalFailure, "There was no failure."))
    // Bytes of the file that the last request had sent, counted from its beginning; 0 when it sent none.
    var sent: UInt64 = 0
    while true {
      switch action {
      case .send(let next):
        let step = try await untilContinued(&machine) ?? next
        let known = (machine.uri, machine.furthest)
        let result = await send(step, machine.kind)
        sent = step.isAppend ? meter.received : 0
        switch result {
        case .success(let result):
          let now = Int64(time(nil))
          failed = connection.temporary(result)
          action = machine.responded(result.response, isBodySent: result.isBodySent, now: now)
          await note(machine, since: known, result.response, now)
        case .failure(let failure):
          let isInterruption = failure.failure?.isInterruption == true
          guard !cancellation.isCancelled, failure.isTemporary || isInterruption else { throw failure.error }
          if !failure.isSourceUsed { sent = 0 }
          failed = failure.temporary
          action = machine.interrupted(isBodySent: failure.isBodySent)
          // A pause is no failure, whether it lasts or is over by now.
          if failure.failure == .paused { action = .send(machine.step) }
        }
      case .retry(let step):
        await record?.noteInterruption(meter.received, attempt.resources)
        try await connection.wait(after: failed, sent: sent)
        action = .send(step)
      case .restart(let reason, let step):
        await restart(reason)
        guard mayRestart else { return .gone }
        action = .send(step)
      case .sendPlainly:
        try becomePlain()
        discovery.noteUnsupported(attempt.target)
        return .plain
      case .finish(let response): return .finished(try await finish(response))
      case .finishUnseen: return .finished(try await finish(ServerResponse(status: 204)))
      case .fail(let failure):
        await record?.remove(attempt.resources)
        throw Self.error(failure, size: size)
      }
    }
  }

  /// Sends one request of the upload, and notes the progress meanwhile.
  private mutating func send(
    _ step: ResumeStateMachine.Step,
    _ kind: ResumableProtocol
  ) async -> Result<ExchangeResult, FailedAttempt> {
    let request = requests.request(kind, step)
    guard case .append(_, let range, let isLast) = step else { return await connection.exchange(request, .nothing) }
    let progress = record?.noteProgress(of: meter, attempt.resources, on: connection.loop)
    defer { progress?.cancel() }
    return await connection.exchange(request, .range(range, isLast: isLast))
  }

  /// Waits while the upload is paused.
  /// - Returns: the request to send then, which asks the server how much it has stored; nil when the upload is not paused.
  private mutating func untilContinued(
    _ machine: inout ResumeStateMachine
  ) async throws(UploadError) -> ResumeStateMachine.Step? {
    guard connection.pause.isPaused else { return nil }
    await record?.noteInterruption(meter.received, attempt.resources)
    try await connection.waitForUser()
    return machine.continued()
  }

  /// Adopts what a response says, in the meter, the retries and the journal.
  /// - Parameter known: the upload's URL and largest offset before.
  private mutating func note(
    _ machine: ResumeStateMachine,
    since known: (uri: String?, furthest: UInt64),
    _ response: ServerResponse,
    _ now: Int64
  ) async {
    guard let uri = machine.uri else { return }
    if machine.furthest > known.furthest { connection.progressed() }
    // A lower offset is not shown: the meter waits until the upload has passed what it shows.
    if machine.offset > meter.received { meter.resume(at: machine.offset) }
    let expires = ResumeFields(response.headers, now: now).expires
    if known.uri == nil {
      becomeResumable()
      guard var record else { return }
      let isNoted = await record.begin(machine.kind, uri, expires: expires, now: now, attempt.resources)
      self.record = record
      if isNoted { return }
      meter.notice = "The upload cannot be noted on this machine's disk: only this run of the program can continue it."
    } else if let expires {
      record?.expires = expires
    }
  }

  private func restart(_ reason: ResumeStateMachine.Restart) async {
    await record?.remove(attempt.resources)
    let message =
      switch reason {
      case .gone: "The server no longer has the unfinished upload. The file is sent from its beginning."
      case .mismatch: "The unfinished upload at the server is not of this file. The file is sent from its beginning."
      }
    meter.notice = message
    meter.pause(because: message, attempt: meter.retry.attempt + 1, until: .now)
    meter.beginAttempt()
  }

  /// Ends the upload with the response of its last request, or with a rejection.
  private func finish(_ response: ServerResponse) async throws(UploadError) -> FinishedUpload {
    do throws(UploadError) {
      if (200..<300).contains(response.status), size > meter.received { meter.resume(at: size) }
      var finished = try response.finishedUpload(sentUpload)
      finished.detectedType = meter.detectedType
      try await attempt.verify(finished)
      await record?.remove(attempt.resources)
      return finished
    } catch {
      // With another token the upload can continue.
      if ![401, 403].contains(response.status), !cancellation.isCancelled { await record?.remove(attempt.resources) }
      throw error
    }
  }

  private var sentUpload: ServerResponse.Sent {
    ServerResponse.Sent(
      name: meter.name,
      bytes: size,
      type: attempt.request.contentType,
      hasToken: attempt.request.hasToken
    )
  }

  private static func error(_ failure: ResumeStateMachine.Failure, size: UInt64) -> UploadError {
    switch failure {
    case .goneAgain:
      UploadError(
        .uploadGone,
        "The server has lost the unfinished upload several times. Check its log, then send the file again."
      )
    case .goneAfterLastByte:
      UploadError(
        .uploadGone,
        "The server no longer has the upload, whose last byte was sent. The file may be stored. "
          + "Check that before you send it again."
      )
    case .completeTooSoon(let bytes):
      UploadError(
        .contentMismatch,
        "The server reports that the upload is complete\(bytes.map { " with \($0) bytes" } ?? ""), but the file has \(size). "
          + "It may have stored an incomplete file. Check that, then send the file again."
      )
    case .noLocation:
      UploadError(.badAnswer, "The server created a resumable upload without a usable Location. Use --no-resume.")
    }
  }
}
