import HTTPExchange
import NIOCore
import NIOHTTP1
import UploadCore

/// Explains why a request failed, and whether another attempt may succeed.
///
/// What engines mean by their statuses and codes: "Error responses" in Amazon's S3 API reference, and what was seen on others,
/// which often have no code or another status for it.
struct S3Interpreter: Sendable {
  /// Host and port of the engine.
  let engine: String
  /// The bucket of all requests.
  let bucket: String
  /// The region that requests are signed for.
  let region: String
  /// For messages about what took too long.
  let timeouts: Timeouts
  /// Texts that no message may contain.
  let secrets: [String]

  /// Those of ``S3Configuration``, for messages.
  struct Timeouts {
    var idle: Duration
    var response: Duration
  }

  /// How much of an engine's message is quoted, in characters.
  private static let quotedLength = 200
  /// How much of its error code, of a region and of an address.
  private static let quotedName = 64

  // MARK: Responses

  /// The failure that a response reports; nil for a success.
  /// - Parameter clock: as the response says.
  func failure(
    _ response: ExchangeResponse,
    to request: S3Request,
    _ clock: S3EngineClock
  ) -> S3AttemptFailure? {
    // Only this success may contain an error: it begins before the engine knows. An object that is read may be any XML.
    guard !response.isSuccess || request.operation == .completeMultipartUpload else { return nil }
    let error = response.document.flatMap(S3ErrorDocument.init)
    guard !response.isSuccess || error != nil else { return nil }
    let kind = kind(response, error, request, clock)
    let text = [quoted(error?.code ?? "", Self.quotedName), quoted(error?.message ?? "")].filter { !$0.isEmpty }
    let said = "HTTP \(response.status)" + (text.isEmpty ? "" : " \(text.joined(separator: ": "))")
    let failure = S3Failure(
      kind,
      status: response.status,
      code: error?.code,
      message(kind, response, error, request, said: said, clock)
    )
    return S3AttemptFailure(failure: failure, retry: retry(failure, response, request, clock))
  }

  /// The failure for a success whose body is not what the operation returns.
  func unexpected(_ response: ExchangeResponse, to request: S3Request) -> S3AttemptFailure {
    let failure = S3Failure(.notS3, status: response.status, notS3("HTTP \(response.status) without the expected XML"))
    return S3AttemptFailure(failure: failure, retry: .never)
  }

  private func kind(
    _ response: ExchangeResponse,
    _ error: S3ErrorDocument?,
    _ request: S3Request,
    _ clock: S3EngineClock
  ) -> S3Failure.Kind {
    if let kind = error.flatMap({ Self.kind(code: $0.code) }) { return kind }
    if error?.region.map({ $0 != region }) == true { return .wrongRegion }
    // A page of a web server or a gateway; a gateway's own failures may pass.
    if error == nil, isPage(response, request), response.status < 500, response.status != 429 { return .notS3 }
    switch response.status {
    // Responses to HEAD have no code.
    case 403 where error == nil && clock.isOff: return .clockSkew
    case 301, 302, 307, 308: return response["x-amz-bucket-region"] != nil || error != nil ? .wrongRegion : .notS3
    case 401, 403: return .denied
    case 404: return request.key == nil ? .noBucket : .noKey
    case 409: return .conflict
    case 412: return .conditionFailed
    case 429, 503: return .slowDown
    case 408: return .timeout
    case 500...: return .server
    case _: return .rejected
    }
  }

  /// What a code means whatever the status; nil for those that the status explains.
  private static func kind(code: String) -> S3Failure.Kind? {
    switch code {
    case "RequestTimeTooSkewed": .clockSkew
    case "NoSuchBucket": .noBucket
    case "NoSuchKey", "NoSuchUpload": .noKey
    case "PreconditionFailed": .conditionFailed
    case "ConditionalRequestConflict", "OperationAborted": .conflict
    case "SlowDown", "TooManyRequests", "Throttling", "ThrottlingException", "RequestLimitExceeded": .slowDown
    case "RequestTimeout": .timeout
    case "InternalError", "ServiceUnavailable": .server
    case "PermanentRedirect", "TemporaryRedirect", "Redirect", "IllegalLocationConstraintException": .wrongRegion
    case "InvalidAccessKeyId", "SignatureDoesNotMatch", "AccessDenied", "ExpiredToken", "InvalidToken",
      "AccountProblem", "InvalidSecurity", "NotSignedUp":
      .denied
    case _: nil
    }
  }

  /// Codes of a body that was damaged on its way, and of an engine that lost it.
  private static let damaged: Set<String> = [
    "BadDigest", "XAmzContentSHA256Mismatch", "IncompleteBody", "InvalidDigest",
  ]

  private func retry(
    _ failure: S3Failure,
    _ response: ExchangeResponse,
    _ request: S3Request,
    _ clock: S3EngineClock
  ) -> S3AttemptFailure.Retry {
    let asked = response["retry-after"].flatMap { Int64($0) }.map { Duration.seconds(min(max(0, $0), 3_600)) } ?? .zero
    switch failure.kind {
    case .clockSkew: return clock.nextCorrection.map { .correctingClock($0) } ?? .never
    case .slowDown, .timeout, .unreachable: return .later(asked: asked)
    case .server: return response.status == 501 ? .never : .later(asked: asked)
    // Another request was changing the object. A completion must not be repeated: its parts are used up.
    case .conflict: return request.operation == .completeMultipartUpload ? .never : .later(asked: asked)
    case .rejected: return failure.code.map(Self.damaged.contains) == true ? .later(asked: asked) : .never
    case .denied, .noBucket, .noKey, .conditionFailed, .wrongRegion, .notS3, .cancelled: return .never
    }
  }

  private func isPage(_ response: ExchangeResponse, _ request: S3Request) -> Bool {
    request.method != .HEAD && !response.body.isEmpty
      && response["content-type"]?.lowercased().hasPrefix("text/html") == true
  }

  // MARK: Without a response

  /// The failure of a request that has no response.
  func failure(_ failure: S3SendFailure) -> S3AttemptFailure {
    switch failure {
    case .notConnected(let cause):
      let retry = cause.isTemporary ? S3AttemptFailure.Retry.later(asked: .zero) : .never
      return S3AttemptFailure(
        failure: S3Failure(.unreachable, "The S3 engine cannot be reached. \(connecting(cause))", cause: cause.error),
        retry: retry
      )
    case .exchange(let failure, let cause): return self.failure(failure, cause: cause)
    case .fileFailed: return permanent(.rejected, Self.unreadablePart)
    case .internalFailure(let cause):
      return permanent(.rejected, "A request to \(engine) could not be set up.", cause)
    }
  }

  private func temporary(_ kind: S3Failure.Kind, _ message: String) -> S3AttemptFailure {
    S3AttemptFailure(failure: S3Failure(kind, message), retry: .later(asked: .zero))
  }

  private func permanent(_ kind: S3Failure.Kind, _ message: String, _ cause: (any Error)? = nil) -> S3AttemptFailure {
    S3AttemptFailure(failure: S3Failure(kind, message, cause: cause), retry: .never)
  }

  private static let unreadablePart = "A spooled part could not be read while it was sent. Check the disk of --dir."

  private func failure(_ failure: ExchangeFailure, cause: (any Error)?) -> S3AttemptFailure {
    switch failure {
    case .connectionLost, .handlerRemoved:
      temporary(
        .unreachable,
        "The S3 engine at \(engine) closed the connection without a complete response. Check its log and the network."
      )
    case .responseInterrupted(let status):
      temporary(
        .unreachable,
        "The S3 engine at \(engine) did not complete its response (HTTP \(status)). Check its log and the network."
      )
    case .malformedResponse: permanent(.notS3, notS3("its response is not HTTP"))
    case .earlySuccess(let status):
      permanent(.notS3, notS3("HTTP \(status) before it had received the request"))
    case .unexpectedResponse:
      permanent(.notS3, "The S3 engine at \(engine) did not return the range of an object that was asked for.")
    case .sendTimedOut:
      temporary(
        .timeout,
        "The S3 engine at \(engine) accepted no data for \(timeouts.idle.formattedSeconds). Check it and the network."
      )
    case .responseTimedOut:
      temporary(
        .timeout,
        "The S3 engine at \(engine) did not respond within \(timeouts.response.formattedSeconds), or stopped within its "
          + "response for \(timeouts.idle.formattedSeconds). Check its log."
      )
    case .sourceFailed: permanent(.rejected, Self.unreadablePart, cause)
    case .receiverFailed: permanent(.cancelled, "The receiver of the object ended.", cause)
    case .cancelled, .paused: permanent(.cancelled, "The request was cancelled.")
    }
  }

  /// Certificates are named by options of other commands in the error itself.
  private func connecting(_ cause: ConnectFailure) -> String {
    guard cause.error.code == .untrustedServer else { return cause.error.message }
    return "\(engine) presents a certificate that was not issued by a trusted authority, or that is for another name. "
      + "State the certificate of its authority with --s3-ca FILE."
  }

  // MARK: Messages

  private func message(
    _ kind: S3Failure.Kind,
    _ response: ExchangeResponse,
    _ error: S3ErrorDocument?,
    _ request: S3Request,
    said: String,
    _ clock: S3EngineClock
  ) -> String {
    let place = "the bucket \"\(PlainText.sanitized(bucket))\" at \(engine)"
    switch kind {
    case .denied: return denied(error, said: said, place: place)
    case .noBucket:
      return "There is no bucket \"\(PlainText.sanitized(bucket))\" at \(engine). "
        + "Create it, or check --store and --s3-endpoint."
    case .noKey:
      let name = PlainText.sanitized(request.key ?? "")
      return error?.code == "NoSuchUpload"
        ? "There is no multipart upload of that id for \"\(name)\" in \(place)."
        : "There is no object \"\(name)\" in \(place)."
    case .conditionFailed:
      let name = PlainText.sanitized(request.key ?? "")
      return request.headers.contains { $0.name == "if-match" }
        ? "The object \"\(name)\" has changed." : "There is an object \"\(name)\" already."
    case .conflict:
      return "Another request changed \"\(PlainText.sanitized(request.key ?? ""))\" at the same time (\(said))."
    case .slowDown: return "The S3 engine at \(engine) is overloaded (\(said)). Try again later."
    case .clockSkew:
      guard let skew = clock.skew, skew != 0 else {
        return "The clocks of this machine and the S3 engine at \(engine) differ too much (\(said)). Set them."
      }
      let amount = TimeText.rough(Double(abs(skew)))
      let direction = skew < 0 ? "ahead of" : "behind"
      return "The clock of this machine is \(amount) \(direction) that of the S3 engine at \(engine). Set it."
    case .wrongRegion: return wrongRegion(response, error, said: said)
    case .notS3: return notS3(said)
    case .timeout: return "The S3 engine at \(engine) did not receive the request in time (\(said))."
    case .server, .unreachable: return "The S3 engine at \(engine) failed (\(said)). Check its log."
    case .rejected, .cancelled:
      return "The S3 engine at \(engine) rejected \(request.operation.rawValue) (\(said))."
    }
  }

  private func denied(_ error: S3ErrorDocument?, said: String, place: String) -> String {
    switch error?.code {
    case "InvalidAccessKeyId":
      "The S3 engine at \(engine) does not know the access key. Check AWS_ACCESS_KEY_ID, or the profile in AWS_PROFILE."
    case "SignatureDoesNotMatch":
      "The S3 engine at \(engine) does not accept the signature. Check AWS_SECRET_ACCESS_KEY and "
        + "AWS_ACCESS_KEY_ID, and whether \"\(region)\" is its region (--s3-region)."
    case "ExpiredToken", "InvalidToken":
      "The S3 engine at \(engine) does not accept AWS_SESSION_TOKEN (\(said)). Get new credentials."
    case _:
      "The S3 engine at \(engine) denies access to \(place) (\(said)). Check the credentials, and that they may read, write, "
        + "list and delete its objects."
    }
  }

  private func wrongRegion(_ response: ExchangeResponse, _ error: S3ErrorDocument?, said: String) -> String {
    let name = "The bucket \"\(PlainText.sanitized(bucket))\""
    if let other = response["x-amz-bucket-region"] ?? error?.region, other != region {
      return "\(name) is in the region \"\(quoted(other, Self.quotedName))\", not in \"\(region)\". Set --s3-region."
    }
    if let endpoint = error?.endpoint {
      return "\(name) is reached at \"\(quoted(endpoint, Self.quotedName))\", not at \(engine). "
        + "Set --s3-endpoint or --s3-addressing."
    }
    return
      "\(name) is not reached at \(engine) with the region \"\(region)\" (\(said)). Check --s3-endpoint and --s3-region."
  }

  private func notS3(_ reason: String) -> String {
    "What responds at \(engine) does not speak the S3 protocol: \(reason). Check --s3-endpoint."
  }

  /// A text of the engine as part of a message: shortened, without control characters and without the credentials.
  private func quoted(_ text: String, _ length: Int = Self.quotedLength) -> String {
    var text = text.split(whereSeparator: \.isWhitespace).joined(separator: " ")
    for secret in secrets where !secret.isEmpty { text = text.split(separator: secret).joined(separator: "…") }
    return PlainText.sanitized(String(text.prefix(length)))
  }
}
