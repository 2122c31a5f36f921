import Crypto
import Dispatch
import Glibc
import Synchronization
import Testing
import UploadCore
import UploadTestSupport

@testable import UploadClient

/// Uploads whose rate is limited while they are sent.
@Suite(.timeLimit(.minutes(30))) struct LimitedSendingTests {
  /// Sends 3 MiB under a limit with which it would take days, removes that once the upload waits, and compares.
  private func check(_ source: (TemporaryDirectory, [UInt8]) throws -> UploadSource, _ mode: UploadMode) async throws {
    let bytes = SplitMix64.bytes(3 << 20)
    let seen = Mutex<Peer.Body?>(nil)
    try await withTemporaryDirectory { directory in
      let source = try source(directory, bytes)
      try await withServer { peer in
        let request = try peer.readHead()
        if request["Expect"] != nil { try peer.send("HTTP/1.1 100 Continue\r\n\r\n") }
        let body = try peer.digestBody(of: request)
        seen.withLock { $0 = body }
        try peer.stored("a", bytes.count)
      } _: { server in
        let uploads = TestUploads()
        let uploader = uploads.uploader
        let target = try SendTarget(server.url)
        async let sent = uploader.send(source, to: target, mode: mode) { $0.setLimit(10) }
        try await eventually("the upload to wait for its limit") {
          uploads.ledger.active().first.map { $0.phase == .limit && $0.received > 0 } ?? false
        }
        let meter = try #require(uploads.ledger.active().first)
        #expect(meter.received <= 4096, "chunks are small from the first on")
        meter.setLimit(20)
        #expect(meter.ended == nil)
        meter.setLimit(nil)
        #expect(await sent.finished != nil)
      }
    }
    if mode == .stream { #expect(seen.withLock { $0?.sha256 } == SHA256.hexadecimal(of: bytes)) }
  }

  @Test(arguments: [UploadMode.stream, .multipart, .buffered])
  func `a file under a limit waits for it, and is sent at once when the limit is removed`(mode: UploadMode) async throws
  {
    try await check({ .file(try $0.write($1, to: "a")) }, mode)
  }

  @Test func `the same holds for a pipe`() async throws {
    try await check(
      { directory, bytes in
        let descriptor = open(try directory.write(bytes, to: "a"), O_RDONLY | O_CLOEXEC)
        return .descriptor(descriptor, name: "a")
      },
      .stream
    )
  }

  @Test func `a limit that is set during an upload delays it from then on`() async throws {
    let read = Mutex(0)
    // The server reads the first MiB, and the rest when the limit is set: buffers take no more than a part of it.
    let isLimited = DispatchSemaphore(value: 0)
    defer { isLimited.signal() }
    try await withTemporaryDirectory { directory in
      let path = try directory.write(SplitMix64.bytes(24 << 20), to: "a")
      try await withServer(receiveBuffer: 64 << 10) { peer in
        let request = try peer.readHead()
        if request["Expect"] != nil { try peer.send("HTTP/1.1 100 Continue\r\n\r\n") }
        while (try? peer.read(64 << 10)) != nil {
          if read.withLock({
            $0 += 64 << 10; return $0
          }) == 1 << 20 {
            isLimited.wait()
          }
        }
      } _: { server in
        let uploads = TestUploads()
        let uploader = uploads.uploader
        let target = try SendTarget(server.url)
        async let sent = uploader.send(.file(path), to: target, mode: .stream)
        try await eventually("the upload to have begun") { read.withLock { $0 } >= 1 << 20 }
        let meter = try #require(uploads.ledger.active().first)
        meter.setLimit(10)
        isLimited.signal()
        try await eventually("the upload to wait") { meter.phase == .limit || meter.ended != nil }
        #expect(meter.ended == nil && meter.received < 24 << 20)
        meter.cancel()
        #expect(await sent.isCancelled)
      }
    }
  }

  @Test func `the files of a tree share its limit`() async throws {
    let files = ReceivedFiles()
    let group = UploadGroup(id: "t", name: "d", files: 40, bytes: nil)
    try await withTemporaryDirectory { directory in
      try await withServer { peer in
        _ = files.connect()
        try files.accept(peer)
      } _: { server in
        let uploads = TestUploads()
        #expect(uploads.ledger.setLimit("t", .outgoing, 1))
        let uploader = uploads.uploader
        let sources = try (0..<40).map { index -> UploadSource in
          var source = UploadSource.file(try directory.write(SplitMix64.bytes(100), to: "f\(index)"))
          source.size = 100
          return source
        }
        let target = try SendTarget(server.url)
        let task = Task {
          await uploader.sendEach(
            sources.async,
            to: target,
            mode: .stream,
            jobs: 1,
            group: group
          ) { _, _ in }
        }
        try await eventually("the first file") { uploads.ledger.totals(.outgoing).finished == 1 }
        try await eventually("no further file") { uploads.ledger.activeCount(.outgoing) == 0 }
        #expect(files.stored.count == 1)
        task.cancel()
        _ = await task.value
      }
    }
  }
}
