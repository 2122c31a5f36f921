import NIOHTTP1
import UploadCore

/// Decides which request of a resumable upload follows, in both protocols: responses and failures in, actions out. It has no
/// I/O and no clock of its own.
///
/// ```
/// create -> append ... -> finish
///   ^         |   ^
///   | gone    v   |
///   +------ offset+      after an interruption, and for an upload of an earlier run
/// ```
struct ResumeStateMachine {
  /// One request.
  enum Step: Sendable, Equatable {
    /// Create the upload, without a body.
    case create
    /// Ask how much the server has stored (HEAD).
    case offset(uri: String)
    /// Send these bytes of the file (PATCH).
    /// - Parameter isLast: whether they are the rest of it.
    case append(uri: String, Range<UInt64>, isLast: Bool)

    /// Whether it sends bytes of the file.
    var isAppend: Bool {
      switch self {
      case .create, .offset: false
      case .append(_, let range, _): !range.isEmpty
      }
    }
  }

  /// What has to be done next.
  enum Action: Equatable {
    /// Send this request at once.
    case send(Step)
    /// The last request failed for a temporary reason: send this one after a pause, if there is to be another attempt.
    case retry(Step)
    /// The server no longer has the upload, or has another one: report it, and send this request, which begins a new one.
    case restart(Restart, Step)
    /// This response decides, whether it is a success or a rejection.
    case finish(ServerResponse)
    /// The server has stored the file. Its response was lost.
    case finishUnseen
    /// The server does not support resumable uploads after all: send the file in one request.
    case sendPlainly
    /// The upload has failed for good.
    case fail(Failure)
  }

  /// Why the file is sent from its beginning.
  enum Restart: Sendable, Equatable {
    /// The server has deleted the upload, or it has expired.
    case gone
    /// The server has more bytes than the file, or another length: it is not the upload of this file.
    case mismatch
  }

  /// Why the upload failed for good without a response that says so.
  enum Failure: Sendable, Equatable {
    /// The server has lost the upload too often.
    case goneAgain
    /// The server has deleted the upload after its last byte was sent: the file may be stored.
    case goneAfterLastByte
    /// The server considers the upload complete with this many bytes, which are fewer than the file has.
    case completeTooSoon(UInt64?)
    /// The server created an upload, but its response has no usable `Location`.
    case noLocation
  }

  /// How often a new upload is begun in place of one that is gone.
  private static let restartLimit = 3
  /// How often in succession the offset of a 409 is adopted at once, without progress.
  private static let conflictLimit = 3
  /// Requests are not made smaller than this after a 413 without an `Upload-Limit`, in bytes.
  private static let smallestRequest: UInt64 = 64 * 1024

  let kind: ResumableProtocol
  /// Bytes of the file.
  private let size: UInt64
  /// The path and query of the request that creates the upload.
  private let creationURI: String
  /// The most bytes in one request; nil for no limit.
  private var maxRequest: UInt64?
  /// The path and query of the upload; nil before it is created.
  private(set) var uri: String?
  /// How many bytes the server has stored, as far as it has said.
  private(set) var offset: UInt64 = 0
  /// The largest offset that the server has stated: beyond it there is progress.
  private(set) var furthest: UInt64 = 0
  /// The request whose response is awaited.
  private(set) var step: Step
  private var restarts = 0
  private var conflicts = 0
  /// Whether the rest of the file was sent, and its response was lost.
  private var isLastLost = false
  /// Whether the server has said that the upload is complete, so that only its last response is missing.
  private var isComplete = false

  /// - Parameters:
  ///   - size: bytes of the file.
  ///   - creationURI: the path and query of the request that creates the upload.
  ///   - maxRequest: the most bytes in one request, at least 1; nil for no limit.
  ///   - uri: the path and query of an upload that an earlier run has created; nil to create one.
  init(_ kind: ResumableProtocol, size: UInt64, creationURI: String, maxRequest: UInt64? = nil, uri: String? = nil) {
    self.kind = kind
    self.size = size
    self.creationURI = creationURI
    self.maxRequest = maxRequest.map { max(1, $0) }
    self.uri = uri
    step = uri.map { .offset(uri: $0) } ?? .create
  }

  /// A response was received.
  /// - Parameters:
  ///   - isBodySent: whether the request was sent completely.
  ///   - now: the time of day, in seconds since 1970.
  mutating func responded(_ response: ServerResponse, isBodySent: Bool, now: Int64) -> Action {
    let fields = ResumeFields(response.headers, now: now)
    if let limit = fields.maxAppendSize { maxRequest = min(maxRequest ?? limit, limit) }
    let action =
      switch step {
      case .create: created(response, fields)
      case .offset(let uri): found(response, fields, uri)
      case .append(let uri, let range, let isLast):
        appended(response, fields, uri, range, isLast: isLast, isBodySent: isBodySent)
      }
    note(action)
    return action
  }

  /// There was no response, although another attempt may succeed.
  /// - Parameter isBodySent: whether the request was sent completely.
  mutating func interrupted(isBodySent: Bool) -> Action {
    noteLoss(isBodySent: isBodySent)
    let action = Action.retry(current)
    note(action)
    return action
  }

  /// The upload was paused, and continues now.
  /// - Returns: the request to send.
  mutating func continued() -> Step {
    step = current
    return step
  }

  /// The request without which the upload cannot continue: after an interruption, and after a pause.
  private var current: Step { uri.map { .offset(uri: $0) } ?? .create }

  private mutating func note(_ action: Action) {
    switch action {
    case .send(let step), .retry(let step), .restart(_, let step): self.step = step
    case .finish, .finishUnseen, .sendPlainly, .fail: break
    }
  }

  private mutating func noteLoss(isBodySent: Bool) {
    if case .append(uri: _, _, isLast: true) = step, isBodySent { isLastLost = true }
  }

  // MARK: Responses

  private mutating func created(_ response: ServerResponse, _ fields: ResumeFields) -> Action {
    let isFinal = kind == .draft && fields.isComplete == true
    switch response.status {
    case 200..<300:
      if isFinal { return size == 0 ? .finish(response) : .fail(.completeTooSoon(0)) }
      guard let uri = response.location.flatMap({ UploadLocation.uri($0, relativeTo: creationURI) }) else {
        return .fail(.noLocation)
      }
      // tus: an upload without a byte is complete at once.
      if kind == .tus, size == 0 { return .finish(response) }
      self.uri = UploadLocation.withToken(uri, of: creationURI)
      offset = fields.offset.flatMap { $0 <= size ? $0 : nil } ?? 0
      return append()
    case _ where isFinal: return .finish(response)
    case 404, 405, 501: return .sendPlainly
    case _: return Self.isTemporary(response.status) ? .retry(.create) : .finish(response)
    }
  }

  private mutating func found(_ response: ServerResponse, _ fields: ResumeFields, _ uri: String) -> Action {
    switch response.status {
    case 200..<300:
      let isDone = kind == .draft && fields.isComplete == true
      guard let stored = fields.offset ?? (isDone ? size : nil) else { return .retry(.offset(uri: uri)) }
      guard stored <= size, fields.length ?? size == size else { return restart(.mismatch) }
      guard !isDone || stored == size else { return .fail(.completeTooSoon(stored)) }
      adopt(stored)
      // In tus the last byte completes an upload; in the draft a request does, whose response can be asked for again.
      if kind == .tus, stored == size { return .finishUnseen }
      (isComplete, isLastLost) = (isDone, false)
      return append()
    case 404, 410: return isLastLost ? .fail(.goneAfterLastByte) : restart(.gone)
    case 409: return .retry(.offset(uri: uri))
    case _: return Self.isTemporary(response.status) ? .retry(.offset(uri: uri)) : .finish(response)
    }
  }

  private mutating func appended(
    _ response: ServerResponse,
    _ fields: ResumeFields,
    _ uri: String,
    _ range: Range<UInt64>,
    isLast: Bool,
    isBodySent: Bool
  ) -> Action {
    let (status, isSuccess) = (response.status, (200..<300).contains(response.status))
    let isTemporary = Self.isTemporary(status)
    // The server keeps the last response for a while: one that it no longer has does not make the file less complete.
    if isComplete, !isSuccess, !isTemporary { return .finishUnseen }
    if kind == .draft, fields.isComplete == true {
      guard isSuccess, !isLast else { return .finish(response) }
      return .fail(.completeTooSoon(fields.offset))
    }
    switch status {
    case 200..<300: return stored(response, fields, uri, range, isLast: isLast)
    case 409: return conflict(fields, uri, range)
    case 404, 410: return restart(.gone)
    case 413: return tooLarge(response, fields, uri, range)
    case _:
      guard isTemporary else { return .finish(response) }
      noteLoss(isBodySent: isBodySent)
      return .retry(.offset(uri: uri))
    }
  }

  /// The server has stored the bytes of a request, or some of them.
  private mutating func stored(
    _ response: ServerResponse,
    _ fields: ResumeFields,
    _ uri: String,
    _ range: Range<UInt64>,
    isLast: Bool
  ) -> Action {
    switch (kind, isLast) {
    // Without the field, a success of the last request is the target's own response.
    case (.draft, true) where fields.isComplete == nil: return .finish(response)
    case (.draft, true): return .retry(.offset(uri: uri))
    case (.draft, false), (.tus, _): break
    }
    let stored = fields.offset ?? range.upperBound
    guard stored <= size else { return restart(.mismatch) }
    guard stored > range.lowerBound || range.isEmpty else { return .retry(.offset(uri: uri)) }
    adopt(stored)
    return kind == .tus && stored == size ? .finish(response) : append()
  }

  /// 409: the server has stored another number of bytes than the request assumed.
  private mutating func conflict(_ fields: ResumeFields, _ uri: String, _ range: Range<UInt64>) -> Action {
    guard let stored = fields.offset else { return .retry(.offset(uri: uri)) }
    guard stored <= size else { return restart(.mismatch) }
    guard stored != range.lowerBound, conflicts < Self.conflictLimit else { return .retry(.offset(uri: uri)) }
    adopt(stored)
    conflicts += 1
    // tus: nothing is left to send.
    return kind == .tus && stored == size ? .send(.offset(uri: uri)) : append()
  }

  /// 413: a proxy or the server accepts no body of this size.
  private mutating func tooLarge(
    _ response: ServerResponse,
    _ fields: ResumeFields,
    _ uri: String,
    _ range: Range<UInt64>
  ) -> Action {
    let sent = range.upperBound - range.lowerBound
    if fields.hasLimit {
      // Else the whole file is too large. The limit has been adopted.
      guard let limit = fields.maxAppendSize, limit < sent else { return .finish(response) }
    } else {
      guard sent > Self.smallestRequest else { return .finish(response) }
      maxRequest = max(Self.smallestRequest, sent / 2)
    }
    return .send(.offset(uri: uri))
  }

  // MARK: Transitions

  private mutating func adopt(_ stored: UInt64) {
    offset = stored
    guard stored > furthest else { return }
    (furthest, conflicts) = (stored, 0)
  }

  /// The next bytes from ``offset`` on.
  private mutating func append() -> Action {
    guard let uri else { return .send(.create) }
    let rest = size - min(offset, size)
    let count = min(rest, maxRequest ?? rest)
    return .send(.append(uri: uri, offset..<offset + count, isLast: count == rest))
  }

  private mutating func restart(_ reason: Restart) -> Action {
    guard restarts < Self.restartLimit else { return .fail(.goneAgain) }
    restarts += 1
    (uri, offset, furthest, conflicts) = (nil, 0, 0, 0)
    (isLastLost, isComplete) = (false, false)
    return .restart(reason, .create)
  }

  /// Whether another request may succeed after a response with this status. 423: a server that keeps an upload locked until it
  /// notices that a connection is lost.
  static func isTemporary(_ status: Int) -> Bool {
    switch status {
    case 408, 423, 425, 429: true
    // Not implemented, and an unsupported version of HTTP.
    case 501, 505: false
    case 500..<600: true
    case _: false
    }
  }
}
