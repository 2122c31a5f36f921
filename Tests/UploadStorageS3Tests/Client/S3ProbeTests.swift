import Synchronization
import Testing
import UploadTestSupport

@testable import UploadStorageS3

@Suite(.timeLimit(.minutes(30))) struct S3ProbeTests {
  /// An engine with one object at most.
  private struct Behavior: Sendable {
    var conditionOfPut = true
    var conditionOfComplete = true
    /// The status with which an unknown condition is rejected; nil where it is ignored.
    var unknown: String?
    /// Whether the first PUT is carried out without a response.
    var losesFirstPut = false
    var denies: String?
  }

  private static func reply(
    _ behavior: Behavior,
    _ stored: StoredFlag,
    _ request: FakeEngine.Request
  ) -> FakeEngine.Reply {
    let (method, uri) = (request.head.method, request.head.uri)
    let isConditional = request.head["if-none-match"] != nil
    if method == behavior.denies { return .error("403 Forbidden", code: "AccessDenied") }
    switch (method, uri.contains("uploadId="), uri.hasSuffix("?uploads")) {
    case ("GET", _, _):
      return .response("200 OK", body: "<ListBucketResult><IsTruncated>false</IsTruncated></ListBucketResult>")
    case ("HEAD", _, _): return .response("200 OK", headers: "Content-Length: 6\r\n")
    case ("POST", false, true):
      return .response(
        "200 OK",
        body: "<InitiateMultipartUploadResult><UploadId>u</UploadId></InitiateMultipartUploadResult>"
      )
    case ("PUT", true, _): return .response("200 OK", headers: "ETag: \"p\"\r\n")
    case ("PUT", false, _):
      if isConditional, let unknown = behavior.unknown { return .error(unknown, code: "NotImplemented") }
      let rejects = stored.value.withLock { isStored in
        defer { isStored = true }
        return isStored && isConditional && behavior.conditionOfPut
      }
      if !rejects, behavior.losesFirstPut { return .reset }
      return rejects ? .error("412 Precondition Failed", code: "PreconditionFailed") : .ok
    case ("POST", true, _):
      return isConditional && behavior.conditionOfComplete
        ? .error("412 Precondition Failed", code: "PreconditionFailed")
        : .response("200 OK", body: "<CompleteMultipartUploadResult/>")
    default: return .response("204 No Content")
    }
  }

  private func probe(_ behavior: Behavior) async throws -> (Result<S3Capabilities, S3Failure>, [String]) {
    let stored = StoredFlag()
    var result: Result<S3Capabilities, S3Failure>?
    var requests: [String] = []
    try await FakeEngine.run {
      Self.reply(behavior, stored, $0)
    } _: { client, log in
      do throws(S3Failure) {
        result = .success(try await client.probe(prefix: "dir/.sluice/"))
      } catch {
        result = .failure(error)
      }
      requests = log.requests.map { "\($0.head.method) \($0.head.uri)" }
    }
    return (try #require(result), requests)
  }

  private final class StoredFlag: Sendable { let value = Mutex(false) }

  @Test(arguments: [(true, true), (true, false), (false, false)])
  func `what an engine does with conditions is found out, and nothing is left`(
    put: Bool,
    complete: Bool
  ) async throws {
    let (result, requests) = try await probe(Behavior(conditionOfPut: put, conditionOfComplete: complete))
    #expect(try result.get() == S3Capabilities(conditionalPut: put, conditionalComplete: complete))
    #expect(requests.first?.hasPrefix("GET /bucket?list-type=2&max-keys=1&prefix=dir%2F.sluice%2F") == true)
    #expect(requests.last?.hasPrefix("DELETE /bucket/dir/.sluice/probe-") == true)
    #expect(requests.contains { $0.hasPrefix("PUT /bucket/dir/.sluice/probe-") })
  }

  @Test func `an engine that rejects conditions it does not know supports none`() async throws {
    var behavior = Behavior()
    (behavior.unknown, behavior.conditionOfComplete) = ("501 Not Implemented", false)
    let (result, _) = try await probe(behavior)
    #expect(try result.get() == S3Capabilities(conditionalPut: false, conditionalComplete: false))
  }

  @Test func `an engine whose first response is lost supports the condition that its second one reports`() async throws
  {
    var behavior = Behavior()
    behavior.losesFirstPut = true
    let (result, requests) = try await probe(behavior)
    #expect(try result.get() == S3Capabilities(conditionalPut: true, conditionalComplete: true))
    #expect(requests.count { $0.hasPrefix("PUT") && !$0.contains("uploadId") } == 2)
  }

  @Test(arguments: ["GET", "PUT", "POST", "HEAD", "DELETE"])
  func `a permission that is missing is found out`(method: String) async throws {
    var behavior = Behavior()
    behavior.denies = method
    let (result, _) = try await probe(behavior)
    guard case .failure(let failure) = result else {
      Issue.record("the probe succeeded without \(method)")
      return
    }
    #expect(failure.kind == .denied && failure.message.contains("read, write, list and delete"))
  }

  @Test(arguments: [
    ("404 Not Found", "NoSuchBucket", "", S3Failure.Kind.noBucket),
    ("403 Forbidden", "SignatureDoesNotMatch", "", .denied),
    ("301 Moved Permanently", "PermanentRedirect", "x-amz-bucket-region: eu-west-1\r\n", .wrongRegion),
    ("503 Slow Down", "SlowDown", "", .slowDown),
  ])
  func `the first request finds out what is wrong`(
    status: String,
    code: String,
    headers: String,
    kind: S3Failure.Kind
  ) async throws {
    try await FakeEngine.run { _ in
      .error(status, code: code, headers: headers)
    } _: { client, log in
      let failure = await S3Failure.thrown { () async throws(S3Failure) in try await client.probe(prefix: "") }
      #expect(failure?.kind == kind)
      #expect(log.requests.count == (kind == .slowDown ? 3 : 1))
    }
  }
}
