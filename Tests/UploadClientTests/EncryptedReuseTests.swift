import Synchronization
import Testing
import UploadCore
import UploadTestSupport

@testable import UploadClient

/// Connections with TLS are reused: each has one handshake.
@Suite(.timeLimit(.minutes(30))) struct EncryptedReuseTests {
  @Test func `uploads in succession use one TLS connection`() async throws {
    let server = try await EncryptedServer()
    try await withTemporaryDirectory { directory in
      let path = try directory.write([1, 2, 3], to: "a")
      let uploader = TestUploads().uploader
      for _ in 0..<5 {
        let meter = await uploader.send(.file(path), to: try server.target(), mode: .stream)
        #expect(meter.finished?.bytes == 3, "\(String(describing: meter.error))")
      }
    }
    #expect(server.handshakes == 1 && server.requests == 5)
    try await server.stop()
  }

  @Test func `small files are pipelined on TLS connections`() async throws {
    let server = try await EncryptedServer()
    try await withTemporaryDirectory { directory in
      let sources = try (0..<300).map { index in
        let content = TestUploads.content(index)
        var source = UploadSource.file(try directory.write(content, to: "f\(index)"))
        source.size = UInt64(content.count)
        return source
      }
      let finished = Mutex(0)
      let target = try server.target()
      let reason = await TestUploads().uploader.sendEach(
        sources.async,
        to: target,
        mode: .stream,
        jobs: 3,
        group: nil
      ) { _, meter in
        if meter.finished != nil { finished.withLock { $0 += 1 } }
      }
      #expect(reason == nil && finished.withLock { $0 } == 300)
    }
    #expect((1...3).contains(server.handshakes) && server.requests == 300)
    try await server.stop()
  }
}
