import Glibc
import HTTPExchange
import NIOCore
import NIOHTTP1
import Testing
import UploadCore
import UploadTestSupport

@testable import UploadStorageS3

@Suite(.timeLimit(.minutes(30))) struct S3EncryptedTests {
  @Test func `files are read in chunks, encrypted and not signed`() async throws {
    let engine = try await EncryptedEngine()
    try await withTemporaryDirectory { directory in
      var content = [UInt8](repeating: 0, count: 3 << 20)
      var random = SplitMix64(seed: 5)
      content.withUnsafeMutableBytes { random.fill($0) }
      let descriptor = open(try directory.write(content, to: "spool"), O_RDONLY | O_CLOEXEC)
      defer { close(descriptor) }
      let client = try FakeEngine.client(port: engine.port, isSecure: true) {
        $0.trust = .pinned(try EncryptedEngine.fingerprint())
      }
      #expect(!client.signsFiles)
      let length = UInt64(content.count - 5)
      let body = S3Body.file(descriptor: descriptor, offset: 5, length: length, sha256: [])
      _ = try await client.uploadPart("k", uploadID: "u", number: 1, body)
      try await client.put("small", .bytes(ByteBuffer(string: "abc")), S3ObjectHeaders(), ifAbsent: false)
      let requests = engine.requests
      #expect(requests.count == 2)
      #expect(requests.first?.body.readableBytesView.elementsEqual(content[5...]) == true)
      #expect(requests.first?.head.headers["x-amz-content-sha256"] == ["UNSIGNED-PAYLOAD"])
      #expect(requests.last?.head.headers["x-amz-content-sha256"] != ["UNSIGNED-PAYLOAD"])
    }
    try await engine.stop()
  }

  @Test func `a certificate that is not trusted is a failure that says how to trust it`() async throws {
    let engine = try await EncryptedEngine()
    let client = try FakeEngine.client(port: engine.port, isSecure: true)
    let failure = await S3Failure.thrown { () async throws(S3Failure) in try await client.head("k") }
    #expect(failure?.kind == .unreachable && failure?.attempts == 1)
    #expect(failure?.message.contains("--s3-ca FILE") == true, "\(failure?.message ?? "")")
    #expect((failure?.cause as? UploadError)?.code == .untrustedServer)
    try await engine.stop()
  }

  @Test func `an engine that speaks no TLS is a failure that says so`() async throws {
    try await withServer { peer in
      _ = try peer.read(1)
      try peer.respond("400 Bad Request")
      peer.drain()
    } _: { server in
      let client = try FakeEngine.client(port: server.port, isSecure: true) { $0.retry.attempts = 1 }
      let failure = await S3Failure.thrown { () async throws(S3Failure) in try await client.head("k") }
      #expect(failure?.kind == .unreachable && failure?.message.contains("http instead of https") == true)
    }
  }
}
