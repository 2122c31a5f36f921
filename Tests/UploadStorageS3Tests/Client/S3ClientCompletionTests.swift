import Glibc
import Testing
import UploadProtocol
import UploadTestSupport

@testable import UploadStorageS3

/// The end of a multipart upload, whose success may contain an error, or be lost.
@Suite(.timeLimit(.minutes(30))) struct S3ClientCompletionTests {
  private let parts = [S3Part(number: 1, size: 5, tag: "a"), S3Part(number: 2, size: 3, tag: "b")]
  private static let complete = "<CompleteMultipartUploadResult><ETag></ETag></CompleteMultipartUploadResult>"

  @Test func `a completion with an error in its success is repeated; without a tag it is one`() async throws {
    try await FakeEngine.run { request in
      request.index == 0 ? .error("200 OK", code: "InternalError") : .response("200 OK", body: "\n  " + Self.complete)
    } _: { client, log in
      try await client.completeMultipart("k", uploadID: "u", parts: parts, ifAbsent: true)
      #expect(log.requests.count == 2 && log.requests[1].head["if-none-match"] == "*")
      let text = String(decoding: log.requests[1].body, as: UTF8.self)
      #expect(text.contains("<Part><PartNumber>2</PartNumber><ETag>&quot;b&quot;</ETag></Part>"))
    }
  }

  @Test(arguments: [(8, true), (7, false)])
  func `a completion whose response was lost is looked up`(size: Int, isComplete: Bool) async throws {
    let date = HTTPDate.text(Int64(time(nil)))
    try await FakeEngine.run { request in
      switch request.index {
      case 0: .reset
      case 1: .error("404 Not Found", code: "NoSuchUpload")
      default: .response("200 OK", headers: "Content-Length: \(size)\r\nLast-Modified: \(date)\r\n")
      }
    } _: { client, log in
      let failure = await S3Failure.thrown { () async throws(S3Failure) in
        try await client.completeMultipart("k", uploadID: "u", parts: parts, ifAbsent: false)
      }
      #expect((failure == nil) == isComplete)
      #expect(failure == nil || failure?.kind == .noKey)
      #expect(log.requests.map(\.head.method) == ["POST", "POST", "HEAD"])
    }
  }

  @Test func `a conflict of a completion is final, and so is a condition that does not hold`() async throws {
    for (code, kind) in [
      ("ConditionalRequestConflict", S3Failure.Kind.conflict), ("PreconditionFailed", .conditionFailed),
    ] {
      let status = kind == .conflict ? "409 Conflict" : "412 Precondition Failed"
      try await FakeEngine.run { _ in
        .error(status, code: code)
      } _: { client, log in
        let failure = await S3Failure.thrown { () async throws(S3Failure) in
          try await client.completeMultipart("k", uploadID: "u", parts: parts, ifAbsent: true)
        }
        #expect(failure?.kind == kind && log.requests.count == 1)
      }
    }
  }
}
