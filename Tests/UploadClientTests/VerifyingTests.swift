import Glibc
import Testing
import UploadCore
import UploadTestSupport

@testable import UploadClient

/// How the client uses the digest in a response, and the first bytes of a file.
@Suite struct VerifyingTests {
  private static let modes: [UploadMode] = [.stream, .multipart, .buffered]

  /// A server that reads the request and responds with a digest.
  private func responding(_ digest: String) -> ScriptedServer.Script {
    { peer in
      let request = try peer.readHead()
      if request["Expect"] != nil { try peer.send("HTTP/1.1 100 Continue\r\n\r\n") }
      _ = try peer.readBody(of: request)
      let text = #"{"files":[{"name":"a","sha256":"\#(digest)"}]}"#
      try peer.send("HTTP/1.1 201 Created\r\nContent-Length: \(text.utf8.count)\r\n\r\n\(text)")
    }
  }

  @Test(arguments: [0, 1, 5_000_000], modes)
  func `a wrong digest in a response is a mismatch, an invalid one is ignored`(
    size: Int,
    mode: UploadMode
  ) async throws {
    let bytes = SplitMix64.bytes(size)
    try await withTemporaryDirectory { directory in
      let path = try directory.write(bytes, to: "a")
      try await withServer(script: responding(Digest.of(bytes))) { server in
        let meter = try await TestUploads().send(.file(path), to: server.url, mode: mode)
        #expect(meter.finished?.sha256 == Digest.of(bytes), "\(String(describing: meter.error))")
      }
      try await withServer(script: responding(Digest.of(bytes + [1]))) { server in
        let meter = try await TestUploads().send(.file(path), to: server.url, mode: mode)
        #expect(meter.error?.code == .contentMismatch)
      }
      try await withServer(script: responding("none")) { server in
        let meter = try await TestUploads().send(.file(path), to: server.url, mode: mode)
        #expect(meter.finished != nil && meter.finished?.sha256 == nil)
      }
    }
  }

  @Test func `the digest in a response is compared with the bytes that were sent from a pipe`() async throws {
    let bytes = SplitMix64.bytes(700_001)
    for expected in [bytes, bytes + [1]] {
      let pipe = try TestPipe()
      try await withServer(script: responding(Digest.of(expected))) { server in
        pipe.write(bytes)
        let ended = try await TestUploads().send(.descriptor(pipe.output, name: "a"), to: server.url)
        close(pipe.output)
        #expect(ended.finished?.sha256 == (expected == bytes ? Digest.of(bytes) : nil))
        #expect(ended.error?.code == (expected == bytes ? nil : .contentMismatch))
      }
    }
  }

  @Test func `the type is that of the bytes; the extension decides for plain, unknown and empty ones`() async throws {
    try await withTemporaryDirectory { directory in
      for (name, bytes, type) in [
        ("a.txt", Array("%PDF-1.7".utf8), "application/pdf"), ("a.md", Array("text".utf8), "text/markdown"),
        ("a.iso", [1], "application/x-iso9660-image"), ("a", [1], "application/octet-stream"),
        ("b.png", [], "image/png"),
      ] {
        let path = try directory.write(bytes, to: name)
        try await withServer { peer in
          let request = try peer.readHead()
          let body = try peer.digestBody(of: request)
          try peer.stored(request["Content-Type"] ?? "", body.count)
        } _: { server in
          let meter = try await TestUploads().send(.file(path), to: server.url)
          #expect(meter.finished?.path == type)
          #expect(meter.declaredType == type)
        }
      }
    }
  }
}
