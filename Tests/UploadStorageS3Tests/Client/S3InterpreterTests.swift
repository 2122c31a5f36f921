import HTTPExchange
import NIOCore
import NIOHTTP1
import Testing
import UploadCore

@testable import UploadStorageS3

@Suite struct S3InterpreterTests {
  /// Sun, 06 Nov 1994 08:49:37 GMT
  private static let now: Int64 = 784_111_777

  private let interpreter = S3Interpreter(
    engine: "engine:8080",
    bucket: "bucket",
    region: "us-east-1",
    timeouts: S3Interpreter.Timeouts(idle: .seconds(60), response: .seconds(300)),
    secrets: ["hush", "AKIAX"]
  )

  private func response(_ status: Int, _ code: String?, _ message: String = "", headers: HTTPHeaders = [:])
    -> ExchangeResponse
  {
    let body =
      code.map { "<?xml version=\"1.0\"?><Error><Code>\($0)</Code><Message>\(message)</Message></Error>" } ?? ""
    return ExchangeResponse(status: status, headers: headers, body: Array(body.utf8))
  }

  private func failure(
    _ response: ExchangeResponse,
    _ request: S3Request = .get("key"),
    correction: Int64 = 0
  ) throws -> S3AttemptFailure {
    let clock = S3EngineClock(response, now: Self.now, correction: correction)
    return try #require(interpreter.failure(response, to: request, clock))
  }

  private func succeeds(_ response: ExchangeResponse, _ request: S3Request) -> Bool {
    interpreter.failure(response, to: request, S3EngineClock(response, now: Self.now)) == nil
  }

  @Test(arguments: [
    (403, "InvalidAccessKeyId", S3Failure.Kind.denied, "AWS_ACCESS_KEY_ID"),
    (403, "SignatureDoesNotMatch", .denied, "AWS_SECRET_ACCESS_KEY"), (403, "AccessDenied", .denied, "denies access"),
    (400, "ExpiredToken", .denied, "AWS_SESSION_TOKEN"), (404, "NoSuchBucket", .noBucket, "no bucket \"bucket\""),
    (404, "NoSuchKey", .noKey, "no object \"key\""), (404, "NoSuchUpload", .noKey, "no multipart upload"),
    (412, "PreconditionFailed", .conditionFailed, "already"), (301, "PermanentRedirect", .wrongRegion, "--s3-region"),
    (409, "ConditionalRequestConflict", .conflict, "at the same time"), (503, "SlowDown", .slowDown, "overloaded"),
    (503, "ServiceUnavailable", .server, "failed (HTTP 503 ServiceUnavailable"),
    (500, "InternalError", .server, "failed"),
    (400, "InvalidPart", .rejected, "rejected getObject (HTTP 400 InvalidPart"),
    (501, "NotImplemented", .server, "501"),
  ])
  func `codes have their kinds, and messages that say what to do`(
    status: Int,
    code: String,
    kind: S3Failure.Kind,
    text: String
  ) throws {
    let failure = try failure(response(status, code)).failure
    #expect(failure.kind == kind && failure.status == status && failure.code == code)
    #expect(failure.message.contains(text), "\(failure.message)")
  }

  @Test(arguments: [
    (400, S3Failure.Kind.rejected), (401, .denied), (403, .denied), (404, .noKey), (408, .timeout), (409, .conflict),
    (412, .conditionFailed), (429, .slowDown), (500, .server), (502, .server), (503, .slowDown), (504, .server),
    (301, .notS3), (405, .rejected),
  ])
  func `without a code the status decides`(status: Int, kind: S3Failure.Kind) throws {
    #expect(try failure(response(status, nil)).failure.kind == kind)
  }

  @Test func `an object that is missing is not a bucket that is`() throws {
    let list = S3Request.list(prefix: "", delimiter: nil, continuation: nil)
    #expect(try failure(response(404, nil), list).failure.kind == .noBucket)
    #expect(try failure(response(404, nil), .head("key")).failure.kind == .noKey)
  }

  @Test func `what may pass is repeated, everything else is not`() throws {
    let later = S3AttemptFailure.Retry.later(asked: .zero)
    for (status, code) in [
      (500, "InternalError"), (503, "SlowDown"), (429, "TooManyRequests"), (400, "RequestTimeout"), (502, nil),
      (400, "BadDigest"), (400, "XAmzContentSHA256Mismatch"), (409, "ConditionalRequestConflict"),
    ] as [(Int, String?)] {
      #expect(try failure(response(status, code)).retry == later, "\(status)")
    }
    for (status, code) in [
      (403, "AccessDenied"), (404, "NoSuchKey"), (412, nil), (400, "InvalidPart"), (501, "NotImplemented"),
    ] as [(Int, String?)] {
      #expect(try failure(response(status, code)).retry == .never, "\(status)")
    }
    let complete = S3Request.completeMultipart("key", uploadID: "u", parts: [], ifAbsent: true)
    #expect(try failure(response(409, "ConditionalRequestConflict"), complete).retry == .never)
    #expect(try failure(response(503, "SlowDown", headers: ["Retry-After": "7"])).retry == .later(asked: .seconds(7)))
  }

  @Test func `an error in a completion with status 200 is a failure, a success is none`() throws {
    let complete = S3Request.completeMultipart("key", uploadID: "u", parts: [], ifAbsent: false)
    let failed = try failure(response(200, "InternalError"), complete)
    #expect(failed.failure.kind == .server && failed.retry == .later(asked: .zero))
    let document = Array("<CompleteMultipartUploadResult/>".utf8)
    let success = ExchangeResponse(status: 200, headers: [:], body: document)
    #expect(succeeds(success, complete))
    // An object that looks like an error.
    #expect(succeeds(response(200, "InternalError"), .get("key")))
  }

  @Test(arguments: [
    ("Sun, 06 Nov 1994 09:51:37 GMT", 3_720 as Int64, "62 min behind"),
    ("Sun, 06 Nov 1994 07:49:37 GMT", -3_600, "60 min ahead"),
  ])
  func `a clock that is wrong is corrected, and named when that does not help`(
    date: String,
    skew: Int64,
    text: String
  ) throws {
    let failed = try failure(response(403, "RequestTimeTooSkewed", headers: ["Date": date]))
    #expect(failed.failure.kind == .clockSkew && failed.retry == .correctingClock(skew))
    #expect(failed.failure.message.contains(text), "\(failed.failure.message)")
    // HEAD has no code.
    #expect(try failure(response(403, nil, headers: ["Date": date]), .head("key")).failure.kind == .clockSkew)
    let undated = try failure(response(403, "RequestTimeTooSkewed"))
    #expect(undated.retry == .never && undated.failure.message.contains("differ too much"))
  }

  @Test func `a correction that does not help is withdrawn, and one that was right is replaced`() throws {
    let date = "Sun, 06 Nov 1994 08:49:37 GMT"
    let dated = response(403, "RequestTimeTooSkewed", headers: ["Date": date])
    #expect(try failure(dated).retry == .never)
    #expect(try failure(dated, correction: 3_600).retry == .correctingClock(0))
    #expect(try failure(response(403, "RequestTimeTooSkewed"), correction: 3_600).retry == .correctingClock(0))
    let later = response(403, "RequestTimeTooSkewed", headers: ["Date": "Sun, 06 Nov 1994 09:49:37 GMT"])
    #expect(try failure(later, correction: 3_599).retry == .correctingClock(0))
    #expect(try failure(later, correction: -3_600).retry == .correctingClock(3_600))
    // HEAD has no code.
    let head = try failure(response(403, nil, headers: ["Date": date]), .head("key"), correction: 3_600)
    #expect(head.failure.kind == .clockSkew && head.retry == .correctingClock(0))
    let right = response(403, nil, headers: ["Date": "Sun, 06 Nov 1994 09:49:37 GMT"])
    #expect(try failure(right, .head("key"), correction: 3_600).failure.kind == .denied)
  }

  @Test func `another region or address is named`() throws {
    let field = try failure(response(301, "PermanentRedirect", headers: ["x-amz-bucket-region": "eu-west-1"])).failure
    #expect(field.message.contains("in the region \"eu-west-1\", not in \"us-east-1\""))
    let body = "<Error><Code>AuthorizationHeaderMalformed</Code><Region>eu-west-1</Region></Error>"
    let element = try failure(ExchangeResponse(status: 400, headers: [:], body: Array(body.utf8))).failure
    #expect(element.kind == .wrongRegion && element.message.contains("eu-west-1"))
    let other = "<Error><Code>PermanentRedirect</Code><Endpoint>b.s3.example</Endpoint></Error>"
    let endpoint = try failure(ExchangeResponse(status: 301, headers: [:], body: Array(other.utf8))).failure
    #expect(endpoint.message.contains("\"b.s3.example\""))
  }

  @Test func `a page of a web server is not S3, unless it may pass`() throws {
    func page(_ status: Int) -> ExchangeResponse {
      ExchangeResponse(status: status, headers: ["Content-Type": "text/html"], body: Array("<html></html>".utf8))
    }
    let failed = try failure(page(404))
    #expect(failed.failure.kind == .notS3 && failed.failure.message.contains("--s3-endpoint"))
    #expect(try failure(page(502)).failure.kind == .server)
    #expect(interpreter.unexpected(page(200), to: .get("key")).failure.kind == .notS3)
  }

  @Test func `messages of engines are shortened, and never show keys`() throws {
    let text = "No key AKIAX\u{1B}[31m with hush, hushhush. \n" + String(repeating: "x", count: 1_000)
    let message = try failure(response(400, "InvalidArgument", text)).failure.message
    #expect(message.contains("InvalidArgument: No key …"))
    for secret in ["AKIAX", "hush", "\u{1B}"] { #expect(!message.contains(secret)) }
    #expect(message.count < 400)
    let code = "A\u{202E} hush" + String(repeating: "x", count: 1_000)
    let other = try failure(response(400, code)).failure
    #expect(other.message.contains("HTTP 400 A\u{FFFD} …x") && !other.message.contains("hush"))
    #expect(other.message.count < 200 && other.code == code)
  }

  @Test func `failures without a response`() {
    let connecting = ConnectFailure(
      error: UploadError(.connectionRefused, "No server listens at engine:8080."),
      isTemporary: true
    )
    let unreachable = interpreter.failure(.notConnected(connecting))
    #expect(unreachable.failure.kind == .unreachable && unreachable.retry == .later(asked: .zero))
    #expect(unreachable.failure.message.contains("No server listens at engine:8080."))
    let untrusted = ConnectFailure(error: UploadError(.untrustedServer, "Use --fingerprint."))
    let trust = interpreter.failure(.notConnected(untrusted))
    #expect(trust.retry == .never && trust.failure.message.contains("--s3-ca FILE"))
    #expect(interpreter.failure(.exchange(.connectionLost)).failure.kind == .unreachable)
    let interrupted = interpreter.failure(.exchange(.responseInterrupted(status: 503)))
    #expect(interrupted.failure.kind == .unreachable && interrupted.retry == .later(asked: .zero))
    #expect(interpreter.failure(.exchange(.sendTimedOut)).failure.message.contains("60 s"))
    #expect(interpreter.failure(.exchange(.responseTimedOut)).failure.message.contains("300 s"))
    #expect(interpreter.failure(.exchange(.malformedResponse)).failure.kind == .notS3)
    let early = interpreter.failure(.exchange(.earlySuccess(status: 200)))
    #expect(early.failure.kind == .notS3 && early.failure.message.contains("HTTP 200 before"))
    #expect(interpreter.failure(.exchange(.cancelled)).retry == .never)
    #expect(interpreter.failure(.fileFailed).retry == .never)
  }

  @Test func `every kind has an error for clients`() {
    let codes = S3Failure.Kind.allCases.map { S3Failure($0, "x").uploadError.code }
    #expect(Set(codes) == [.storeUnavailable, .notFound, .storageFailed, .cancelled])
    #expect(S3Failure(.denied, "text").uploadError.message == "text")
  }
}
