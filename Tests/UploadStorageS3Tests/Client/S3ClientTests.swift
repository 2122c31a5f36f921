import Crypto
import Glibc
import NIOCore
import Synchronization
import Testing
import UploadCore
import UploadProtocol
import UploadTestSupport

@testable import UploadStorageS3

@Suite(.timeLimit(.minutes(30))) struct S3ClientTests {
  private static let content = (0..<300_000).map { UInt8(truncatingIfNeeded: $0 &* 7 &+ $0 >> 8) }

  /// Calls `body` with an open file of ``content``.
  private func withFile(_ body: (S3Body) async throws -> Void) async throws {
    try await withTemporaryDirectory { directory in
      let path = try directory.write([1, 2, 3] + Self.content + [4], to: "spool")
      let descriptor = open(path, O_RDONLY | O_CLOEXEC)
      defer { close(descriptor) }
      let digest = Array(SHA256.hash(data: Self.content))
      try await body(.file(descriptor: descriptor, offset: 3, length: UInt64(Self.content.count), sha256: digest))
    }
  }

  // MARK: Sending

  @Test func `bytes and regions of files arrive with their headers, on one connection`() async throws {
    try await withFile { file in
      try await FakeEngine.run { _ in
        .response("200 OK", headers: "ETag: \"tag\"\r\n")
      } _: { client, log in
        let headers = S3ObjectHeaders(contentType: "text/plain", metadata: ["sluice-name": "\u{FC} 100%"])
        try await client.put("a b", .bytes(ByteBuffer(string: "hello")), headers, ifAbsent: true)
        #expect(try await client.uploadPart("k", uploadID: "u", number: 1, file) == "tag")
        try await client.put("empty", .bytes(ByteBuffer()), S3ObjectHeaders(), ifAbsent: false)
        let requests = log.requests
        #expect(requests.map(\.head.method) == ["PUT", "PUT", "PUT"])
        #expect(requests.map(\.head.uri) == ["/bucket/a%20b", "/bucket/k?partNumber=1&uploadId=u", "/bucket/empty"])
        #expect(requests.map(\.body) == [Array("hello".utf8), Self.content, []])
        #expect(requests.map(\.connection) == [0, 0, 0])
        #expect(requests[0].head["content-type"] == "text/plain" && requests[0].head["if-none-match"] == "*")
        #expect(requests[0].head["x-amz-meta-sluice-name"] == "%C3%BC 100%25")
        #expect(requests[1].head["x-amz-content-sha256"] == Hexadecimal.text(SHA256.hash(data: Self.content)))
        #expect(requests[2].head["if-none-match"] == nil && requests[2].head["content-length"] == "0")
        let counts = client.snapshot().operations
        #expect(counts[.putObject]?.requests == 2 && counts[.uploadPart]?.requests == 1)
        #expect(counts[.putObject]?.retries == 0 && counts[.putObject]?.latencies.reduce(0, +) == 2)
      }
    }
  }

  @Test func `a file of several regions arrives unchanged`() async throws {
    try await withTemporaryDirectory { directory in
      var content = [UInt8](repeating: 0, count: 9 << 20)
      var random = SplitMix64(seed: 7)
      content.withUnsafeMutableBytes { random.fill($0) }
      let descriptor = open(try directory.write(content, to: "spool"), O_RDONLY | O_CLOEXEC)
      defer { close(descriptor) }
      let digest = Array(SHA256.hash(data: content))
      let body = S3Body.file(descriptor: descriptor, offset: 0, length: UInt64(content.count), sha256: digest)
      try await FakeEngine.run { _ in
        .ok
      } _: { client, log in
        let tag = try await client.uploadPart("k", uploadID: "u", number: 1, body)
        #expect(tag.isEmpty)
        #expect(log.requests.first.map { Array(SHA256.hash(data: $0.body)) } == digest)
      }
    }
  }

  @Test func `a file that is too short is a failure, and nothing is sent`() async throws {
    try await withFile { file in
      guard case .file(let descriptor, let offset, let length, let digest) = file else { return }
      let body = S3Body.file(descriptor: descriptor, offset: offset, length: length + 2, sha256: digest)
      try await FakeEngine.run { _ in
        .ok
      } _: { client, log in
        let failure = await S3Failure.thrown { () async throws(S3Failure) in
          try await client.uploadPart("k", uploadID: "u", number: 1, body)
        }
        #expect(failure?.kind == .rejected && failure?.message.contains("--dir") == true)
        #expect(log.requests.isEmpty)
      }
    }
  }

  // MARK: Retries

  @Test(arguments: [
    FakeEngine.Reply.error("503 Slow Down", code: "SlowDown"),
    .error("500 Internal Server Error", code: "InternalError"),
    .response("429 Too Many Requests"),
    .response("502 Bad Gateway", headers: "Content-Type: text/html\r\n", body: "<html>"),
    .reset, .cut(""), .cut("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nab"),
    .cut("HTTP/1.1 400 Bad Request\r\nContent-Length: 50\r\n\r\n<Error>"),
    .error("400 Bad Request", code: "XAmzContentSHA256Mismatch"), .error("400 Bad Request", code: "RequestTimeout"),
  ])
  func `a part that fails once is sent again from its beginning`(reply: FakeEngine.Reply) async throws {
    try await withFile { file in
      try await FakeEngine.run {
        $0.index == 0 ? reply : .ok
      } _: { client, log in
        _ = try await client.uploadPart("k", uploadID: "u", number: 1, file)
        #expect(log.requests.map(\.body) == [Self.content, Self.content])
        #expect(client.snapshot().operations[.uploadPart]?.retries == 1)
        #expect(client.snapshot().operations[.uploadPart]?.failures == 0)
      }
    }
  }

  @Test func `a part that is always rejected fails after the attempts`() async throws {
    try await withFile { file in
      try await FakeEngine.run { _ in
        .error("503 Slow Down", code: "SlowDown")
      } _: { client, log in
        let failure = await S3Failure.thrown { () async throws(S3Failure) in
          try await client.uploadPart("k", uploadID: "u", number: 1, file)
        }
        #expect(failure?.kind == .slowDown && failure?.status == 503 && failure?.attempts == 4)
        #expect(failure?.message.contains("4 attempts") == true)
        #expect(log.requests.count == 4)
        #expect(client.snapshot().operations[.uploadPart]?.failures == 1)
      }
    }
  }

  @Test func `a failure that will stay is not repeated`() async throws {
    try await FakeEngine.run { _ in
      .error("403 Forbidden", code: "InvalidAccessKeyId")
    } _: { client, log in
      let failure = await S3Failure.thrown { () async throws(S3Failure) in try await client.delete("k") }
      #expect(failure?.kind == .denied && log.requests.count == 1)
      #expect(failure?.message.contains("AKIAX") == false)
    }
  }

  @Test func `an idle connection that the engine closed is replaced without a pause`() async throws {
    try await FakeEngine.run(configure: { $0.retry.attempts = 1 }) { request in
      // Closes the connection at the moment of the second request.
      request.index == 1 ? .cut("") : .ok
    } _: { client, log in
      try await client.delete("a")
      try await client.delete("b")
      #expect(log.requests.map(\.connection) == [0, 0, 1])
    }
  }

  @Test func `a clock that is an hour off is corrected once, then all requests use it`() async throws {
    let later = Int64(time(nil)) + 3_600
    let date = "Date: \(Self.httpDate(later))\r\n"
    let isRejecting = Mutex(true)
    try await FakeEngine.run { _ in
      let rejects = isRejecting.withLock { rejects in
        defer { rejects = false }
        return rejects
      }
      return rejects
        ? .error("403 Forbidden", code: "RequestTimeTooSkewed", headers: date) : .response("204 No Content")
    } _: { client, log in
      try await client.delete("a")
      try await client.delete("b")
      let dates = log.requests.compactMap { $0.head["x-amz-date"] }
      #expect(dates.count == 3 && dates[0] < dates[1] && dates[1] <= dates[2])
      #expect(log.requests.count == 3)
    }
  }

  @Test func `a correction of the clock is withdrawn when this machine's clock is right again`() async throws {
    let isRejecting = Mutex(true)
    try await FakeEngine.run { request in
      // The engine's clock is this machine's. At first its proxy says something else.
      let now = Int64(time(nil))
      let isFirst = isRejecting.withLock { rejects in
        defer { rejects = false }
        return rejects
      }
      let date = "Date: \(Self.httpDate(isFirst ? now + 3_600 : now))\r\n"
      if isFirst { return .error("403 Forbidden", code: "RequestTimeTooSkewed", headers: date) }
      let isRight = request.head["x-amz-date"].map { abs((Self.seconds($0) ?? 0) - now) < 60 } ?? false
      if isRight { return .response("200 OK", headers: date + "Content-Length: 0\r\n") }
      // Responses to HEAD have no code.
      guard request.head.method != "HEAD" else { return .response("403 Forbidden", headers: date) }
      return .error("403 Forbidden", code: "RequestTimeTooSkewed", headers: date)
    } _: { client, log in
      let failure = await S3Failure.thrown { () async throws(S3Failure) in try await client.delete("a") }
      #expect(failure?.kind == .clockSkew && log.requests.count == 2)
      #expect(try await client.head("b")?.size == 0 && log.requests.count == 4)
      try await client.delete("c")
      #expect(log.requests.count == 5)
    }
  }

  @Test func `a clock that stays wrong is named`() async throws {
    let date = "Date: \(Self.httpDate(Int64(time(nil)) - 7_300))\r\n"
    try await FakeEngine.run { _ in
      .error("403 Forbidden", code: "RequestTimeTooSkewed", headers: date)
    } _: { client, log in
      let failure = await S3Failure.thrown { () async throws(S3Failure) in try await client.delete("a") }
      #expect(failure?.kind == .clockSkew && failure?.message.contains("2 h ahead of") == true)
      #expect(log.requests.count == 2)
      #expect(abs(client.engineTime - (Int64(time(nil)) - 7_300)) <= 2)
    }
  }

  // MARK: Time

  @Test func `an engine that does not respond, or does not read, is given up`() async throws {
    let configure = { (configuration: inout S3Configuration) in
      configuration.responseTimeout = .milliseconds(200)
      configuration.idleTimeout = .milliseconds(200)
      configuration.retry.attempts = 2
    }
    try await FakeEngine.run(configure: configure) { _ in
      .silence
    } _: { client, log in
      let failure = await S3Failure.thrown { () async throws(S3Failure) in try await client.head("k") }
      #expect(failure?.kind == .timeout && failure?.message.contains("did not respond within 0.2 s") == true)
      #expect(log.requests.count == 2)
    }
    let body = S3Body.bytes(ByteBuffer(repeating: 1, count: 32 << 20))
    try await withServer(receiveBuffer: 4_096) { peer in
      _ = try peer.readHead()
      try peer.waitForHangUp()
    } _: { server in
      let client = try FakeEngine.client(port: server.port, configure: configure)
      let failure = await S3Failure.thrown { () async throws(S3Failure) in
        try await client.put("k", body, S3ObjectHeaders(), ifAbsent: false)
      }
      #expect(failure?.kind == .timeout && failure?.message.contains("0.2 s") == true)
    }
  }

  @Test func `a success before the engine has the whole body is a failure, and its connection is reset`() async throws {
    let body = S3Body.bytes(ByteBuffer(repeating: 1, count: 32 << 20))
    try await withServer(receiveBuffer: 4_096) { peer in
      _ = try peer.readHead()
      try peer.send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
      try peer.waitForHangUp()
    } _: { server in
      let client = try FakeEngine.client(port: server.port)
      let failure = await S3Failure.thrown { () async throws(S3Failure) in
        try await client.put("k", body, S3ObjectHeaders(), ifAbsent: false)
      }
      #expect(failure?.kind == .notS3 && failure?.message.contains("HTTP 200 before") == true)
    }
  }

  @Test func `cancelling the task ends a request, and the wait for the next attempt`() async throws {
    try await FakeEngine.run { _ in
      .silence
    } _: { client, log in
      let task = Task { await S3Failure.thrown { () async throws(S3Failure) in try await client.head("k") } }
      try await eventually("the request") { log.requests.count == 1 }
      task.cancel()
      #expect(await task.value?.kind == .cancelled)
      #expect(log.requests.count == 1)
    }
    let configure = { (configuration: inout S3Configuration) in
      configuration.retry.firstPause = .seconds(3_600)
      configuration.retry.longestPause = .seconds(3_600)
    }
    try await FakeEngine.run(configure: configure) { _ in
      .reset
    } _: { client, log in
      let task = Task { await S3Failure.thrown { () async throws(S3Failure) in try await client.head("k") } }
      try await eventually("the request") { log.requests.count == 1 }
      task.cancel()
      #expect(await task.value?.kind == .cancelled)
    }
  }

  @Test func `no more requests run at once than allowed, and all of them do`() async throws {
    let running = Mutex((now: 0, most: 0))
    try await FakeEngine.run(configure: { $0.shortRequests = 3 }) { _ in
      running.withLock { $0 = ($0.now + 1, max($0.most, $0.now + 1)) }
      usleep(2_000)
      running.withLock { $0.now -= 1 }
      return .response("204 No Content")
    } _: { client, log in
      try await withThrowingTaskGroup { group in
        for index in 0..<40 { group.addTask { try await client.delete("k\(index)") } }
        try await group.waitForAll()
      }
      #expect(log.requests.count == 40 && running.withLock { $0.most } <= 3)
      #expect(Set(log.requests.map(\.connection)).count <= 3)
    }
  }

  @Test func `a short request does not wait for the parts that are being sent`() async throws {
    let configure = { (configuration: inout S3Configuration) in
      (configuration.transfers, configuration.shortRequests) = (1, 1)
    }
    try await FakeEngine.run(configure: configure) { request in
      request.head.uri.contains("partNumber") ? .silence : .ok
    } _: { client, log in
      let body = S3Body.bytes(ByteBuffer(repeating: 1, count: 100))
      let parts = (1...3).map { number in
        Task {
          await S3Failure.thrown { () async throws(S3Failure) in
            try await client.uploadPart("k", uploadID: "u", number: number, body)
          }
        }
      }
      defer { parts.forEach { $0.cancel() } }
      try await eventually("a part is being sent") { log.requests.count == 1 }
      let lease = Task { try await client.put("lease", body, S3ObjectHeaders(), ifAbsent: false) }
      defer { lease.cancel() }
      try await eventually("the short request is sent") { log.requests.map(\.head.uri).last == "/bucket/lease" }
      try await lease.value
      #expect(log.requests.count == 2)
      parts.forEach { $0.cancel() }
      for part in parts { #expect(await part.value?.kind == .cancelled) }
    }
  }

  // MARK: URLs

  @Test func `a presigned URL names the object, its expiry and the file`() throws {
    let client = try FakeEngine.client(port: 8080)
    let url = client.presignedGet("a b/\u{FC}", expires: .seconds(60), fileName: "\u{FC}.txt")
    #expect(url.hasPrefix("http://127.0.0.1:8080/bucket/a%20b/%C3%BC?X-Amz-Algorithm="))
    #expect(url.contains("&X-Amz-Expires=60&") && url.contains("X-Amz-Credential=AKIAX%2F"))
    #expect(url.contains("response-content-disposition=attachment%3B%20filename%2A%3DUTF-8%27%27%25C3%25BC.txt"))
    #expect(!url.contains("hush"))
    #expect(client.presignedGet("k", expires: .seconds(10_000_000), fileName: nil).contains("X-Amz-Expires=604800&"))
    #expect(client.presignedGet("k", expires: .zero, fileName: nil).contains("X-Amz-Expires=1&"))
  }

  private static func httpDate(_ seconds: Int64) -> String { HTTPDate.text(seconds) }

  /// Reads a time such as `20261130T180000Z`.
  private static func seconds(_ text: String) -> Int64? {
    var digits = Array(text.prefix(15))
    guard digits.count == 15 else { return nil }
    for index in [13, 11] { digits.insert(":", at: index) }
    for index in [6, 4] { digits.insert("-", at: index) }
    return HTTPDate.secondsOfInternetText(String(digits) + "Z")
  }
}
