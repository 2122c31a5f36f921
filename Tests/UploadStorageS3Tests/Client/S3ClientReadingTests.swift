import Glibc
import NIOCore
import Testing
import UploadTestSupport

@testable import UploadStorageS3

/// Objects and lists that are read.
@Suite(.timeLimit(.minutes(30))) struct S3ClientReadingTests {
  @Test func `an object's headers are read; one that is missing is nil`() async throws {
    try await FakeEngine.run { request in
      if request.head.uri.hasSuffix("none") { return .response("404 Not Found", headers: "Content-Length: 200\r\n") }
      return .response(
        "200 OK",
        headers: "Content-Length: 12345678901\r\nETag: \"x-2\"\r\nLast-Modified: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
          + "X-Amz-Meta-Sluice-Name: %C3%BC\r\nContent-Type: text/plain\r\n"
      )
    } _: { client, _ in
      let object = try await client.head("k")
      #expect(
        object
          == S3Object(
            key: "k",
            size: 12_345_678_901,
            modified: 784_111_777,
            tag: "x-2",
            contentType: "text/plain",
            metadata: ["sluice-name": "\u{FC}"]
          )
      )
      #expect(try await client.head("none") == nil)
    }
  }

  @Test func `a small object is read whole, and a longer one is a failure`() async throws {
    try await FakeEngine.run { request in
      request.head.uri.hasSuffix("none")
        ? .error("404 Not Found", code: "NoSuchKey") : .response("200 OK", headers: "ETag: t\r\n", body: "<Error/>")
    } _: { client, _ in
      let (object, bytes) = try #require(try await client.getSmall("k", upTo: 8))
      #expect(object.size == 8 && object.tag == "t" && String(buffer: bytes) == "<Error/>")
      #expect(try await client.getSmall("none", upTo: 8) == nil)
      let failure = await S3Failure.thrown { () async throws(S3Failure) in try await client.getSmall("k", upTo: 7) }
      #expect(failure?.kind == .rejected)
    }
  }

  @Test func `a small object is read without a stated length`() async throws {
    try await FakeEngine.run { _ in
      .cut("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n")
    } _: { client, _ in
      let (object, bytes) = try #require(try await client.getSmall("k", upTo: 8))
      #expect(object.size == 5 && String(buffer: bytes) == "hello")
    }
  }

  @Test func `lists come in pages`() async throws {
    try await FakeEngine.run { request in
      let uri = request.head.uri
      if uri.contains("uploadId=gone") { return .error("404 Not Found", code: "NoSuchUpload") }
      // As an engine that repeats the last page would do.
      let number = uri.contains("part-number-marker=1&") ? 2 : 1
      let part = "<Part><PartNumber>\(number)</PartNumber><Size>5</Size><ETag>\"e\"</ETag></Part>"
      let more = uri.contains("part-number-marker=2&") ? "false" : "true"
      return .response("200 OK", body: "<ListPartsResult><IsTruncated>\(more)</IsTruncated>\(part)</ListPartsResult>")
    } _: { client, log in
      let parts = try await client.listParts("k", uploadID: "u")
      #expect(parts.map(\.number) == [1, 2])
      let failure = await S3Failure.thrown { () async throws(S3Failure) in
        try await client.listParts("k", uploadID: "gone")
      }
      #expect(failure?.kind == .noKey)
      #expect(log.requests.count == 4)
    }
  }

  @Test func `what is not S3 is said to be so`() async throws {
    let list = { (client: S3Client) async in
      await S3Failure.thrown { () async throws(S3Failure) in
        try await client.list(prefix: "", delimiter: nil, continuation: nil)
      }
    }
    for reply in [
      FakeEngine.Reply.response("200 OK", headers: "Content-Type: text/html\r\n", body: "<html></html>"),
      .response("200 OK", body: "{}"), .cut("220 smtp.example ESMTP\r\n"),
      .response("404 Not Found", headers: "Content-Type: text/html\r\n", body: "<html></html>"),
    ] {
      try await FakeEngine.run { _ in
        reply
      } _: { client, log in
        let failure = await list(client)
        #expect(failure?.kind == .notS3 && log.requests.count == 1)
        #expect(failure?.message.contains("--s3-endpoint") == true)
      }
    }
    let (listener, port) = try Loopback.listen { _ in }
    close(listener)
    let failure = await list(try FakeEngine.client(port: port))
    #expect(failure?.kind == .unreachable && failure?.attempts == 4)
    #expect(failure?.message.contains("127.0.0.1:\(port)") == true)
  }
}
