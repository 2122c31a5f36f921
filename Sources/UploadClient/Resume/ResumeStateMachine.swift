import HTTPExchange
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
  /// How often a new upload is begun in place of one that is gone.
  private static let restartLimit = 3
  /// How often in succession a server may not say how much of an upload of an earlier run it has, before that counts as gone.
  private static let silenceLimit = 3

  let kind: ResumableProtocol
  /// What can be sent of the source.
  private(set) var extent: ResumeExtent
  /// The path and query of the request that creates the upload.
  private let creationURI: String
  /// The most bytes in one request.
  private var limit: AppendLimit
  /// The path and query of the upload; nil before it is created.
  private(set) var uri: String?
  /// What the server has stored.
  private var progress: ResumeProgress
  /// The request whose response is awaited.
  private(set) var step: Step
  private var restarts = 0
  private var silences = 0
  /// Whether an earlier run has created the upload.
  private var isEarlier: Bool
  /// Whether the server knows the length; false in tus for a pipe, until a request has stated it.
  private var isLengthKnown: Bool
  /// Whether the server rejects appends without the draft's version.
  private(set) var requiresVersion = false
  /// A success of the last request that does not say that the upload is complete.
  private var unconfirmed: ExchangeResponse?
  /// Whether the rest of the file was sent, and its response was lost.
  private var isLastLost = false
  /// Whether the server has said that the upload is complete, so that only its last response is missing.
  private var isComplete = false

  /// - Parameters:
  ///   - extent: what can be sent of the source.
  ///   - creationURI: the path and query of the request that creates the upload.
  ///   - maxRequest: the most bytes in one request, at least 1; nil for no limit.
  ///   - uri: the path and query of an upload that an earlier run has created; nil to create one.
  init(
    _ kind: ResumableProtocol,
    extent: ResumeExtent,
    creationURI: String,
    maxRequest: UInt64? = nil,
    uri: String? = nil
  ) {
    self.kind = kind
    self.extent = extent
    progress = ResumeProgress(isEarlier: uri != nil)
    (isEarlier, isLengthKnown) = (uri != nil, !extent.isOpen)
    self.creationURI = creationURI
    limit = AppendLimit(maxRequest)
    self.uri = uri
    step = uri.map { .offset(uri: $0) } ?? .create
  }

  /// How many bytes the server has stored, as far as it has said.
  var offset: UInt64 { progress.offset }

  /// The offset at the last progress (``ResumeProgress/furthest``).
  var furthest: UInt64 { progress.furthest }

  /// A pipe was read: call it before ``responded(_:isBodySent:reach:now:)`` and ``interrupted(isBodySent:reach:)``.
  mutating func read(_ extent: ResumeExtent) {
    self.extent = extent
  }

  private mutating func note(reach: UInt64?) {
    switch step {
    case .create, .offset, .length: break
    case .append(_, let range, _): progress.sent(upTo: min(range.upperBound, reach ?? .max))
    case .rest: progress.sent(upTo: reach ?? extent.end)
    }
  }

  /// A response was received.
  /// - Parameters:
  ///   - isBodySent: whether the request was sent completely.
  ///   - reach: offset beyond which the server can have received nothing of this request; nil for the end of its range.
  ///   - now: the time of day, in seconds since 1970.
  mutating func responded(
    _ response: ExchangeResponse,
    isBodySent: Bool,
    reach: UInt64? = nil,
    now: Int64
  ) -> Action {
    note(reach: reach)
    let fields = ResumeFields(response.headers, now: now)
    limit.announced(fields.maxAppendSize)
    let action =
      switch step {
      case .create: created(response, fields)
      case .offset(let uri): found(response, fields, uri)
      case .append(let uri, let range, let isLast):
        appended(response, fields, uri, range, isLast: isLast, isBodySent: isBodySent)
      case .rest(let uri, let start, let limit):
        appended(
          response,
          fields,
          uri,
          sent(from: start, atMost: limit),
          isLast: limit == nil,
          isBodySent: isBodySent
        )
      case .length(let uri, let offset, _): stated(response, fields, uri, offset, isBodySent: isBodySent)
      }
    note(action)
    return action
  }

  /// There was no response, although another attempt may succeed.
  /// - Parameters: as of ``responded(_:isBodySent:reach:now:)``.
  mutating func interrupted(isBodySent: Bool, reach: UInt64? = nil) -> Action {
    note(reach: reach)
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
    guard isBodySent else { return }
    switch step {
    case .append(_, _, isLast: true), .rest(_, _, atMost: nil): isLastLost = true
    case .length(_, let offset, let length): isLastLost = offset == length
    case .create, .offset, .append(_, _, isLast: false), .rest: break
    }
  }

  // MARK: Responses

  private mutating func created(_ response: ExchangeResponse, _ fields: ResumeFields) -> Action {
    let isFinal = kind == .draft && fields.isComplete == true
    switch response.status {
    case 200..<300:
      if isFinal { return extent.size == 0 ? .finish(response) : .fail(.completeTooSoon(0)) }
      guard let uri = response.location.flatMap({ UploadLocation.uri($0, relativeTo: creationURI) }) else {
        return .fail(.noLocation)
      }
      // tus: an upload without a byte is complete at once.
      if kind == .tus, isLengthKnown, extent.size == 0 { return .finish(response) }
      self.uri = UploadLocation.withToken(uri, of: creationURI)
      progress.begin()
      return append()
    case _ where isFinal: return .finish(response)
    case 404, 405, 501: return .sendPlainly
    // A server that accepts no upload of unknown length in several requests may accept it in one.
    case 400 where !isLengthKnown, 411 where !isLengthKnown: return .sendPlainly
    case _: return Self.isTemporary(response.status) ? .retry(.create) : .finish(response)
    }
  }

  private mutating func found(_ response: ExchangeResponse, _ fields: ResumeFields, _ uri: String) -> Action {
    switch response.status {
    case 200..<300:
      let (size, isDone) = (extent.size, kind == .draft && fields.isComplete == true)
      guard let stored = fields.offset ?? (isDone ? size : nil) else { return silent(uri) }
      silences = 0
      guard isPossible(stored), fields.length == nil || size == nil || fields.length == size else {
        return restart(.mismatch)
      }
      guard !isDone || stored == size else { return .fail(.completeTooSoon(stored)) }
      guard stored >= extent.start else { return .fail(.notKept(stored)) }
      adopt(stored)
      isEarlier = false
      if fields.length != nil, size != nil { isLengthKnown = true }
      // In tus the last byte completes an upload; in the draft a request does, whose response can be asked for again.
      if kind == .tus, stored == size, isLengthKnown { return .finishUnseen }
      if let unconfirmed, stored == size { return .finish(unconfirmed) }
      (isComplete, isLastLost, unconfirmed) = (isDone, false, nil)
      return append()
    case 404, 410:
      if let unconfirmed { return .finish(unconfirmed) }
      return isLastLost ? .fail(.goneAfterLastByte) : restart(.gone)
    case 400, 405, 412, 501:
      if let unconfirmed { return .finish(unconfirmed) }
      // Another server may run there now.
      return isEarlier ? restart(.gone) : .finish(response)
    case 409: return .retry(.offset(uri: uri))
    case _: return Self.isTemporary(response.status) ? .retry(.offset(uri: uri)) : .finish(response)
    }
  }

  private mutating func appended(
    _ response: ExchangeResponse,
    _ fields: ResumeFields,
    _ uri: String,
    _ range: Range<UInt64>,
    isLast: Bool,
    isBodySent: Bool
  ) -> Action {
    let (status, isSuccess) = (response.status, response.isSuccess)
    let isTemporary = Self.isTemporary(status)
    // The server keeps the last response for a while: one that it no longer has does not make the file less complete.
    if isComplete, !isSuccess, !isTemporary { return .finishUnseen }
    if kind == .draft, fields.isComplete == true {
      guard isSuccess else { return .finish(response) }
      return isLast && isWhole(fields) ? .finish(response) : .fail(.completeTooSoon(fields.offset))
    }
    switch status {
    case 200..<300: return stored(response, fields, uri, range, isLast: isLast)
    case 409: return conflict(fields, uri, range)
    case 404, 410: return restart(.gone)
    case 413: return tooLarge(response, fields, uri, range)
    // A server that does not know that the request is one of the draft: else it would say whether the upload is over.
    case 400, 405, 412, 415:
      guard kind == .draft, !requiresVersion, fields.isComplete == nil else { return .finish(response) }
      requiresVersion = true
      return .send(.offset(uri: uri))
    case _:
      guard isTemporary else { return .finish(response) }
      noteLoss(isBodySent: isBodySent)
      return .retry(.offset(uri: uri))
    }
  }

  /// The server has stored the bytes of a request, or some of them.
  private mutating func stored(
    _ response: ExchangeResponse,
    _ fields: ResumeFields,
    _ uri: String,
    _ range: Range<UInt64>,
    isLast: Bool
  ) -> Action {
    switch (kind, isLast) {
    // Without the field it may be the target's own response, or come from something that has not passed the request on, such
    // as the login page of a network.
    case (.draft, true) where fields.isComplete == nil:
      if isComplete { return .finish(response) }
      if isWhole(fields) { unconfirmed = response }
      return ask(uri)
    case (.draft, true): return .retry(.offset(uri: uri))
    case (.draft, false), (.tus, _): break
    }
    // Only the offset says what is stored.
    guard let stored = fields.offset else { return ask(uri) }
    guard isPossible(stored) else { return restart(.mismatch) }
    guard stored > range.lowerBound || range.isEmpty else { return .retry(.offset(uri: uri)) }
    guard stored >= extent.start else { return .fail(.notKept(stored)) }
    let isProgress = adopt(stored, isWhole: stored >= range.upperBound)
    if kind == .tus, isLengthKnown, stored == extent.size { return .finish(response) }
    guard stored < range.upperBound, !isProgress else { return append() }
    guard !progress.isStuck else { return .retry(.offset(uri: uri)) }
    progress.noteConflict()
    return append()
  }

  /// The server knows the length of a pipe's content, or has not accepted it.
  private mutating func stated(
    _ response: ExchangeResponse,
    _ fields: ResumeFields,
    _ uri: String,
    _ offset: UInt64,
    isBodySent: Bool
  ) -> Action {
    switch response.status {
    case 200..<300:
      guard (fields.offset ?? offset) == offset else { return ask(uri) }
      isLengthKnown = true
      return offset == extent.size ? .finish(response) : append()
    case 409: return conflict(fields, uri, offset..<offset)
    case 404, 410: return restart(.gone)
    case _:
      guard Self.isTemporary(response.status) else { return .finish(response) }
      noteLoss(isBodySent: isBodySent)
      return .retry(.offset(uri: uri))
    }
  }

  /// A response that does not say how much is stored.
  private mutating func silent(_ uri: String) -> Action {
    silences += 1
    return isEarlier && silences >= Self.silenceLimit ? restart(.gone) : .retry(.offset(uri: uri))
  }

  /// Asks for the offset: at once, but after a pause when that does not lead to progress.
  private mutating func ask(_ uri: String) -> Action {
    guard !progress.isStuck else { return .retry(.offset(uri: uri)) }
    progress.noteConflict()
    return .send(.offset(uri: uri))
  }

  /// 409: the server has stored another number of bytes than the request assumed.
  private mutating func conflict(_ fields: ResumeFields, _ uri: String, _ range: Range<UInt64>) -> Action {
    guard let stored = fields.offset else { return .retry(.offset(uri: uri)) }
    guard isPossible(stored) else { return restart(.mismatch) }
    guard stored != range.lowerBound, !progress.isStuck else { return .retry(.offset(uri: uri)) }
    guard stored >= extent.start else { return .fail(.notKept(stored)) }
    adopt(stored)
    progress.noteConflict()
    // tus: nothing is left to send.
    return kind == .tus && stored == extent.size ? .send(.offset(uri: uri)) : append()
  }

  /// 413: a proxy or the server accepts no body of this size.
  private mutating func tooLarge(
    _ response: ExchangeResponse,
    _ fields: ResumeFields,
    _ uri: String,
    _ range: Range<UInt64>
  ) -> Action {
    switch limit.rejected(step, sent: range.upperBound - range.lowerBound, fields) {
    case .announced: ask(uri)
    case .halved: .send(.offset(uri: uri))
    case .none: .finish(response)
    }
  }

  // MARK: Transitions

  /// Whether a response that reports success does not contradict that by stating that fewer or more bytes are stored.
  private func isWhole(_ fields: ResumeFields) -> Bool {
    fields.offset == nil || fields.offset == extent.size
  }

  /// What a request has sent of a pipe at most.
  private func sent(from start: UInt64, atMost limit: UInt64?) -> Range<UInt64> {
    start..<start + min(limit ?? .max, max(start, extent.end) - start)
  }

  /// Whether the server can have stored this many bytes.
  private func isPossible(_ stored: UInt64) -> Bool { progress.isPossible(stored, of: extent.end) }

  /// Continues at the server's offset.
  /// - Parameter isWhole: whether the server has stored all bytes of a request.
  /// - Returns: whether there was progress, which allows further requests at once, and short pauses.
  @discardableResult
  private mutating func adopt(_ stored: UInt64, isWhole: Bool = false) -> Bool {
    progress.adopt(stored, isWhole: isWhole || stored == extent.size)
  }

  /// The next bytes from ``offset`` on.
  private mutating func append() -> Action {
    guard let uri else { return .send(.create) }
    guard let size = extent.size else { return .send(.rest(uri: uri, from: offset, atMost: limit.bytes)) }
    guard kind == .draft || isLengthKnown else { return .send(.length(uri: uri, offset: offset, size)) }
    let rest = size - min(offset, size)
    let count = min(rest, limit.bytes ?? rest)
    return .send(.append(uri: uri, offset..<offset + count, isLast: count == rest))
  }

  private mutating func restart(_ reason: Restart) -> Action {
    guard extent.start == 0 else { return .fail(.goneForPipe) }
    guard restarts < Self.restartLimit else { return .fail(.goneAgain) }
    restarts += 1
    (uri, progress) = (nil, ResumeProgress(isEarlier: false))
    (isLastLost, isComplete, unconfirmed) = (false, false, nil)
    // A pipe that has ended meanwhile is created with its length.
    (isEarlier, isLengthKnown, silences) = (false, !extent.isOpen, 0)
    return .restart(reason, .create)
  }

  /// Whether another request may succeed after a response with this status. 423: a server that keeps an upload locked until it
  /// notices that a connection is lost.
  static func isTemporary(_ status: Int) -> Bool {
    switch status {
    case 408, 423, 425, 429: true
    // A method or a version of HTTP that the server lacks: it will lack it the next time, too.
    case 501, 505: false
    case 500..<600: true
    case _: false
    }
  }
}
