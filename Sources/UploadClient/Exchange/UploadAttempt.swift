import NIOCore
import NIOPosix
import UploadCore

/// Everything that one attempt to send needs.
struct UploadAttempt: Sendable {
  private(set) var request: UploadRequest
  private(set) var content: BodyContent
  let target: SendTarget
  let meter: UploadMeter
  let cancellation: UploadCancellation
  let configuration: UploadClientConfiguration
  /// The limit on the rate of all uploads together; nil without one.
  let limiter: RateLimiter?
  /// Where the source is read and checked.
  let threadPool: NIOThreadPool

  init(
    request: UploadRequest,
    content: BodyContent,
    target: SendTarget,
    meter: UploadMeter,
    cancellation: UploadCancellation,
    configuration: UploadClientConfiguration,
    limiter: RateLimiter?,
    threadPool: NIOThreadPool
  ) {
    self.request = request
    self.content = content
    self.target = target
    self.meter = meter
    self.cancellation = cancellation
    self.configuration = configuration
    self.limiter = limiter
    self.threadPool = threadPool
  }

  /// How the exchange proceeds.
  var plan: ExchangeStateMachine.Plan {
    ExchangeStateMachine.Plan(
      body: bodyPlan,
      continueTimeout: request.expectsContinue ? TimeAmount(configuration.continueTimeout) : nil,
      idleTimeout: TimeAmount(configuration.idleTimeout),
      responseTimeout: TimeAmount(configuration.responseTimeout),
      acceptsSeeOther: request.isForm
    )
  }

  /// How the content is divided: into the pieces that suit its source, or smaller ones where a rate limit requires them.
  private var bodyPlan: BodyStateMachine.Plan {
    let limit = limiter.map { UInt64(max(1, $0.chunkSize)) } ?? .max
    let pieceSize = min(content.pieceSize, limit)
    let checkedTail = min(BodyContent.checkedTail, limit)
    return switch content {
    case .file(let source):
      .init(size: source.size, pieceSize: pieceSize, checkedTail: checkedTail, hasTail: request.isForm)
    case .copied(let source, _):
      .init(
        size: source.size,
        pieceSize: pieceSize,
        checkedTail: checkedTail,
        hasTail: request.isForm,
        readsPieces: true
      )
    case .stream: .init(size: nil, pieceSize: 0, checkedTail: 0, hasTail: true)
    case .memory(let form): .init(size: form.count, pieceSize: pieceSize, checkedTail: 0, hasTail: true)
    }
  }

  /// Memory that the upload uses while it is sent, in bytes.
  var networkBytes: Int {
    content.networkBytes(isSecure: target.isSecure) + request.prefix.count + request.suffix.count
  }

  /// Whether a server that has sent `result` asks for the same request without its expectation (RFC 9110 section 10.1.1).
  func isExpectationRejected(_ result: ExchangeResult) -> Bool {
    result.response.status == 417 && request.expectsContinue && !result.isBodyBegun
  }

  /// Makes it the next attempt of the same upload.
  mutating func renew() {
    content = content.renewed
  }

  /// Has the body sent without asking for `100 Continue` first.
  mutating func dropExpectation() {
    request.dropExpectation()
  }

  /// What a complete exchange means for the upload.
  /// - Throws: ``FailedAttempt`` when the server has rejected it, or stored something else.
  func finished(_ result: ExchangeResult) throws(FailedAttempt) -> FinishedUpload {
    let response = result.response
    do throws(UploadError) {
      return try response.finishedUpload(
        ServerResponse.Sent(
          name: meter.name,
          bytes: meter.received,
          type: request.contentType,
          isWholeForm: request.isForm && result.isBodySent
        )
      )
    } catch {
      throw FailedAttempt(
        error,
        status: response.status,
        retryAfter: response.retryAfter,
        isBodySent: result.isBodySent,
        isBodyBegun: result.isBodyBegun
      )
    }
  }
}

/// The result of an exchange that has a response.
struct ExchangeResult: Sendable {
  var response: ServerResponse
  /// Whether any of the body was sent, or read from a source that cannot be read again.
  var isBodyBegun: Bool
  /// Whether all of the body was sent.
  var isBodySent: Bool
}
