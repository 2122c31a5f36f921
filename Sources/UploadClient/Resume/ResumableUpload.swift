import Glibc
import HTTPExchange
import NIOCore
import NIOHTTP1
import UploadCore

/// Runs one resumable upload: sends the requests that ``ResumeStateMachine`` asks for, waits between them as
/// ``RetryStateMachine`` decides or while the user has paused the upload, and notes the progress in the journal.
struct ResumableUpload {
  private let source: UploadSource
  private let configuration: ResumeConfiguration
  /// Keeps the last bytes of a pipe; nil for a file.
  private let replay: StreamReplay?
  /// Whether the file may be sent in one request instead.
  private let mayBePlain: Bool
  private var requests: ResumeRequests
  private let discovery: ServerDiscovery
  private var connection: ResumeConnection
  /// The upload's place in the journal; nil without a journal, and where another process sends the file.
  private var record: ResumeRecord?
  /// The upload at the server; nil before it is created.
  private var resource: (kind: ResumableProtocol, uri: String)?

  /// How long at most to find out whether a pipe ends before the size from which on uploads are resumable.
  private static let foresight = Duration.milliseconds(500)

  /// What is sent: that of the attempt, or a pipe whose first bytes were read and kept.
  var content: BodyContent { attempt.content }

  private var attempt: UploadAttempt { connection.attempt }
  private var meter: UploadMeter { attempt.meter }
  private var cancellation: Cancellation { attempt.cancellation }

  /// - Returns: nil for an upload that is sent in one request: a mode with a form, a small file, or when
  ///   ``UploadClientConfiguration/resume`` is nil.
  init?(_ attempt: UploadAttempt, _ source: UploadSource, _ knownServers: KnownServers) {
    let isDemanded = attempt.meter.mode == .resumable
    let configuration = attempt.resources.configuration
    guard isDemanded || attempt.meter.mode == .stream && configuration.resume != nil else { return nil }
    let resume = configuration.resume ?? ResumeConfiguration()
    let size = attempt.content.source?.size
    guard isDemanded || size ?? .max >= resume.threshold else { return nil }
    var attempt = attempt
    if case .stream(let reader) = attempt.content {
      let replay = StreamReplay(reader)
      self.replay = replay
      attempt.content = .replayed(ReplayReader(replay))
    } else {
      replay = nil
    }
    (self.source, self.configuration, mayBePlain) = (source, resume, !isDemanded)
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
  /// - Returns: nil when ``content`` has to be sent in one request: the server supports nothing else, or a pipe is short.
  /// - Throws: ``UploadError``; the journal keeps the upload unless it has failed for good.
  mutating func run() async throws(UploadError) -> FinishedUpload? {
    let result: Result<FinishedUpload?, UploadError>
    do throws(UploadError) {
      result = .success(try await sendNoted())
    } catch {
      // A user has cancelled it: it is not to be continued. That of a pipe cannot be.
      if meter.isDiscarded { await record?.remove(attempt.resources) }
      if meter.isDiscarded || replay != nil {
        if let resource { await connection.sendLast(requests.deletion(resource.kind, resource.uri)) }
      }
      // Unless the entry was removed.
      await record?.noteInterruption(meter.received, attempt.resources)
      result = .failure(error)
    }
    await record?.close(attempt.resources)
    return try result.get()
  }

  private mutating func sendNoted() async throws(UploadError) -> FinishedUpload? {
    if let replay, mayBePlain, try await isShort(replay) {
      replay.stopKeeping()
      return nil
    }
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

  /// Whether a pipe ends soon, with so few bytes that further requests would take longer than to send it once more.
  private func isShort(_ replay: StreamReplay) async throws(UploadError) -> Bool {
    meter.phase = .input
    defer { meter.phase = .waiting }
    let (threshold, cancellation) = (configuration.threshold, cancellation)
    return try await attempt.resources.onPool {
      try replay.endsBefore(threshold, within: Self.foresight) { () throws(UploadError) in try cancellation.check() }
    }
  }

  private func machine(_ kind: ResumableProtocol, uri: String?, limit: UInt64?) -> ResumeStateMachine {
    ResumeStateMachine(
      kind,
      extent: replay?.extent ?? ResumeExtent(end: content.source?.size ?? 0),
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
    replay?.stopKeeping()
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
    resource = machine.uri.map { (machine.kind, $0) }
    // Why the last request failed; an action that needs it follows only such a failure.
    var failed = FailedAttempt(error: UploadError(.internalFailure, "There was no failure."))
    // Why the last request was retried; nil before the first retry. It may be the cause of a failure that follows.
    var retried: UploadError?
    // Bytes of the file that the last request had sent, counted from its beginning; 0 when it sent none.
    var sent: UInt64 = 0
    while true {
      switch action {
      case .send(let next):
        let step = try await untilContinued(&machine) ?? next
        let known = (machine.uri, machine.furthest)
        (requests.size, requests.requiresVersion) = (machine.extent.size, machine.requiresVersion)
        let result = await send(step, machine.kind)
        if let replay { machine.read(replay.extent) }
        sent = step.isAppend ? meter.received : 0
        switch result {
        case .success(let result):
          let now = Int64(time(nil))
          failed = connection.temporary(result)
          action = machine.responded(result.response, isBodySent: result.isBodySent, reach: result.reach, now: now)
          await note(machine, since: known, result.response, now)
        case .failure(let failure):
          let isInterruption = failure.failure?.isInterruption == true
          guard !cancellation.isCancelled, failure.isTemporary || isInterruption else { throw failure.error }
          if !failure.isSourceUsed { sent = 0 }
          failed = failure.temporary
          action = machine.interrupted(isBodySent: failure.isBodySent, reach: failure.reach)
          // A pause is no failure, whether it lasts or is over by now.
          if failure.failure == .paused { action = .send(machine.step) }
        }
      case .retry(let step):
        retried = failed.error
        record?.noteRetry(meter.received, attempt.resources)
        try await connection.wait(after: failed, sent: sent)
        action = .send(step)
      case .restart(let reason, let step):
        await restart(reason)
        guard mayRestart else { return .gone }
        action = .send(step)
      case .sendPlainly:
        try becomePlain()
        // It may support that for files.
        if replay == nil { discovery.noteUnsupported(attempt.target) }
        return .plain
      case .finish(let response): return .finished(try await finish(response, machine.extent.end))
      case .finishUnseen: return .finished(try await finish(ExchangeResponse(status: 204), machine.extent.end))
      case .fail(let failure):
        await record?.remove(attempt.resources)
        let cause = retried.map { "The attempt before failed: \($0.event)" }
        throw failure.error(size: machine.extent.end).adding(cause)
      }
    }
  }

  /// Sends one request of the upload, and notes the progress meanwhile.
  private mutating func send(
    _ step: ResumeStateMachine.Step,
    _ kind: ResumableProtocol
  ) async -> Result<ExchangeResult, FailedAttempt> {
    let request = requests.request(kind, step)
    let result = await send(request, step)
    return result.map { result in
      var result = result
      result.response.requestURI = request.head.uri
      return result
    }
  }

  private mutating func send(
    _ request: UploadRequest,
    _ step: ResumeStateMachine.Step
  ) async -> Result<ExchangeResult, FailedAttempt> {
    let part: BodyPart
    switch step {
    case .create, .offset, .length: part = .nothing
    case .append(_, let range, let isLast): part = .range(range, isLast: isLast)
    case .rest(_, let start, let limit): part = .rest(from: start, atMost: limit)
    }
    guard part != .nothing else { return await connection.exchange(request, part) }
    let progress = record?.noteProgress(of: meter, attempt.resources, on: connection.loop)
    defer { progress?.cancel() }
    return await connection.exchange(request, part)
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
    _ response: ExchangeResponse,
    _ now: Int64
  ) async {
    guard let uri = machine.uri else { return }
    resource = (machine.kind, uri)
    if machine.furthest > known.furthest { connection.progressed() }
    // A lower offset is not shown: the meter waits until the upload has passed what it shows.
    if machine.offset > meter.received { meter.resume(at: machine.offset) }
    if record?.earlier != nil, known.furthest == 0, machine.furthest > 0, meter.notice == nil {
      meter.notice = "An earlier run was interrupted: continuing at \(ByteSize.text(machine.offset))."
    }
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

  private mutating func restart(_ reason: ResumeStateMachine.Restart) async {
    await record?.remove(attempt.resources)
    resource = nil
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
  /// - Parameter size: bytes of the source.
  private mutating func finish(
    _ response: ExchangeResponse,
    _ size: UInt64
  ) async throws(UploadError) -> FinishedUpload {
    do throws(UploadError) {
      // From now on it is a file, which a cancellation does not delete.
      if response.isSuccess { resource = nil }
      if response.isSuccess, size > meter.received { meter.resume(at: size) }
      var finished = try response.finishedUpload(sentUpload(size))
      finished.detectedType = meter.detectedType
      try await attempt.verify(finished)
      await record?.remove(attempt.resources)
      return finished
    } catch {
      // With another token the upload can continue, and after a redirect to the login page of a network.
      let isKept = [401, 403, 407].contains(response.status) || (300..<400).contains(response.status)
      if !isKept, !cancellation.isCancelled { await record?.remove(attempt.resources) }
      throw error
    }
  }

  private func sentUpload(_ size: UInt64) -> ExchangeResponse.Sent {
    ExchangeResponse.Sent(
      name: meter.name,
      bytes: size,
      type: attempt.request.contentType,
      hasToken: attempt.request.hasToken,
      proxy: attempt.connector.proxy,
      target: attempt.target,
      isResumable: true
    )
  }
}
