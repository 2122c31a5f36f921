import NIOCore
import NIOPosix
import UploadCore

/// All that one connection needs to know of an upload.
struct UploadJob: Sendable {
  var request: UploadRequest
  var content: BodyContent
  var meter: UploadMeter
  var plan: ExchangeStateMachine.Plan
  /// Whether it is encrypted on its way.
  var isSecure: Bool
  /// The limit on the rate of all uploads together; nil without one.
  var limiter: RateLimiter?
  var threadPool: NIOThreadPool

  init(
    request: UploadRequest,
    content: BodyContent,
    meter: UploadMeter,
    configuration: UploadClientConfiguration,
    isSecure: Bool = false,
    limiter: RateLimiter? = nil,
    threadPool: NIOThreadPool
  ) {
    self.request = request
    self.content = content
    self.meter = meter
    self.isSecure = isSecure
    self.limiter = limiter
    self.threadPool = threadPool
    plan = ExchangeStateMachine.Plan(
      body: content.plan(isForm: request.isForm, limit: limiter?.pieceSize),
      continueTimeout: request.expectsContinue ? TimeAmount(configuration.continueTimeout) : nil,
      idleTimeout: TimeAmount(configuration.idleTimeout),
      answerTimeout: TimeAmount(configuration.answerTimeout),
      acceptsSeeOther: request.isForm
    )
  }

  /// Memory that the upload takes while it is sent, in bytes.
  var networkBytes: Int {
    content.networkBytes(isSecure: isSecure) + request.prefix.count + request.suffix.count
  }
}
