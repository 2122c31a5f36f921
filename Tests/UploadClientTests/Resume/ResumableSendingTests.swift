import Foundation
import Glibc
import NIOPosix
import Synchronization
import Testing
import UploadCore
import UploadTestSupport

@testable import UploadClient

/// Resumable uploads to servers on loopback ports that lose connections, responses and uploads.
@Suite struct ResumableSendingTests {
  private func uploads(retries: Int = 5, journal: ResumeJournal? = nil, maxRequest: UInt64? = nil) -> TestUploads {
    var uploads = TestUploads()
    uploads.configuration.retry = RetryPolicy(limit: retries)
    uploads.configuration.retry.firstPause = .milliseconds(10)
    uploads.configuration.resume = ResumeConfiguration(journal: journal, maxRequest: maxRequest)
    uploads.configuration.resume?.threshold = 1000
    return uploads
  }

  private let bytes = SplitMix64.bytes(300_000)

  /// Larger than the socket buffers.
  private let manyBytes = SplitMix64.bytes(24_000_000)

  @Test(arguments: ResumableProtocol.allCases)
  func `an upload that is interrupted twice continues where the server is`(kind: ResumableProtocol) async throws {
    let keeper = UploadKeeper(kind, faults: [.reset(after: 100_000), .reset(after: 50_000)])
    try await withTemporaryDirectory { directory in
      let path = try directory.write(manyBytes, to: "a.bin")
      try await withServer(script: keeper.serve) { server in
        let meter = try await uploads().send(.file(path), to: server.url)
        #expect(meter.finished?.path == (kind == .draft ? "final.bin" : "a.bin"))
        #expect(meter.mode == .resumable)
        #expect(meter.received == UInt64(manyBytes.count) && meter.stored == meter.received)
        // What was sent again does not count; nor do bytes that the socket accepted just before a reset.
        #expect(meter.transferred <= meter.received)
      }
      #expect(keeper.stored == manyBytes)
      #expect(keeper.methods.suffix(6) == ["POST", "PATCH", "HEAD", "PATCH", "HEAD", "PATCH"])
      #expect(keeper.values("Upload-Offset") == ["0", "100000", "150000"])
    }
  }

  @Test func `a journal on a slow disk does not delay the next request`() async throws {
    let pool = NIOThreadPool(numberOfThreads: 1)
    pool.start()
    let isAsked = DispatchSemaphore(value: 0)
    let wasAsked = Mutex(false)
    // Nothing can be noted before the offset is asked for.
    let keeper = UploadKeeper(
      .tus,
      faults: [.reject("503 Service Unavailable")],
      onReject: {
        pool.submit { _ in
          let result = isAsked.wait(timeout: .now() + 20)
          wasAsked.withLock { $0 = result == .success }
        }
      },
      onOffset: { isAsked.signal() }
    )
    try await withTemporaryDirectory { directory in
      let journal = ResumeJournal(directory: directory.file("journal"))
      let path = try directory.write(bytes, to: "a.bin")
      try await withServer(script: keeper.serve) { server in
        let uploads = uploads(journal: journal)
        let meter = await uploads.uploader(on: pool).send(.file(path), to: try SendTarget(server.url), mode: .stream)
        #expect(meter.finished != nil)
      }
      #expect(journal.entries().isEmpty)
    }
    try await pool.shutdownGracefully()
    #expect(wasAsked.withLock { $0 })
    #expect(keeper.stored == bytes)
  }

  @Test func `a server is asked once, whatever it supports`() async throws {
    for kind in [.draft, .tus, nil] as [ResumableProtocol?] {
      let keeper = UploadKeeper(kind)
      try await withTemporaryDirectory { directory in
        let files = try ["a", "b", "c"].map { UploadSource.file(try directory.write(bytes, to: $0)) }
        try await withServer(script: keeper.serve) { server in
          let uploader = uploads().uploader
          let target = try SendTarget(server.url)
          let meters = await uploader.sendAll(files, to: target, mode: .stream, jobs: 1)
          #expect(meters.allSatisfy { $0.finished != nil && $0.mode == (kind == nil ? .stream : .resumable) })
        }
      }
      #expect(keeper.methods.filter { $0 == "OPTIONS" }.count == (kind == .draft ? 1 : 2))
    }
  }

  @Test func `a small file is sent in one request, unless the mode is resumable`() async throws {
    try await withTemporaryDirectory { directory in
      let path = try directory.write(bytes.prefix(999), to: "a.bin")
      for mode in [UploadMode.stream, .resumable] {
        let keeper = UploadKeeper(.draft)
        try await withServer(script: keeper.serve) { server in
          _ = try await uploads().send(.file(path), to: server.url, mode: mode)
        }
        #expect(keeper.methods == (mode == .stream ? ["POST"] : ["OPTIONS", "POST", "PATCH"]))
      }
    }
  }

  @Test func `the mode resumable demands a server that supports it`() async throws {
    try await withTemporaryDirectory { directory in
      let path = try directory.write(bytes, to: "a.bin")
      let keeper = UploadKeeper(nil)
      try await withServer(script: keeper.serve) { server in
        let meter = try await uploads().send(.file(path), to: server.url, mode: .resumable)
        #expect(meter.error?.code == .refusedByServer)
        #expect(meter.error?.message.contains("does not support resumable uploads") == true)
      }
    }
  }

  @Test func `the next run continues an upload that has failed, and leaves nothing in the journal`() async throws {
    try await withTemporaryDirectory { directory in
      let journal = ResumeJournal(directory: directory.file("journal"))
      let path = try directory.write(manyBytes, to: "a.bin")
      let keeper = UploadKeeper(
        .draft,
        location: "http://elsewhere.invalid:1/uploads/1?token=a&b=c",
        faults: [.reset(after: 100_000)]
      )
      try await withServer(script: keeper.serve) { server in
        let url = server.url + "/?token=secret"
        let meter = try await uploads(retries: 0, journal: journal).send(.file(path), to: url)
        #expect(meter.error?.code == .connectionLost)
        let entry = try #require(journal.entries().first)
        #expect(entry.path == path && entry.protocolName == "rufh" && entry.size == 24_000_000)
        #expect(entry.uploadURL == server.url + "/uploads/1?b=c")
        #expect(!"\(entry)".contains("secret") && !"\(entry)".contains("token"))
        #expect(!journal.isInUse(entry))
        let next = try await uploads(retries: 0, journal: journal).send(.file(path), to: url)
        #expect(next.finished != nil && next.received == 24_000_000)
        #expect(next.transferred == 24_000_000 - 100_000)
      }
      #expect(keeper.stored == manyBytes)
      #expect(keeper.methods == ["OPTIONS", "POST", "PATCH", "HEAD", "PATCH"])
      #expect(try FileManager.default.contentsOfDirectory(atPath: journal.directory).isEmpty)
    }
  }

  @Test func `a changed file is sent from its beginning, and the meter says so`() async throws {
    try await withTemporaryDirectory { directory in
      let journal = ResumeJournal(directory: directory.file("journal"))
      let path = try directory.write(manyBytes, to: "a.bin")
      let keeper = UploadKeeper(.tus, faults: [.reset(after: 100_000)])
      try await withServer(script: keeper.serve) { server in
        _ = try await uploads(retries: 0, journal: journal).send(.file(path), to: server.url)
        try directory.write(bytes, to: "a.bin")
        let meter = try await uploads(retries: 0, journal: journal).send(.file(path), to: server.url)
        #expect(meter.finished != nil)
        #expect(meter.notice?.contains("has changed") == true)
      }
      #expect(keeper.stored == bytes)
    }
  }

  @Test func `an upload that the server has deleted begins anew, within a run and in the next one`() async throws {
    try await withTemporaryDirectory { directory in
      let journal = ResumeJournal(directory: directory.file("journal"))
      let path = try directory.write(bytes, to: "a.bin")
      let keeper = UploadKeeper(.tus, faults: [.forget])
      try await withServer(script: keeper.serve) { server in
        let meter = try await uploads(retries: 0, journal: journal).send(.file(path), to: server.url)
        #expect(meter.finished != nil)
        #expect(meter.notice?.contains("no longer has the unfinished upload") == true)
      }
      #expect(keeper.methods.suffix(4) == ["POST", "PATCH", "POST", "PATCH"])
    }
  }

  @Test(arguments: ResumableProtocol.allCases)
  func `a lost final response does not store the file twice`(kind: ResumableProtocol) async throws {
    try await withTemporaryDirectory { directory in
      let path = try directory.write(bytes, to: "a.bin")
      let keeper = UploadKeeper(kind, faults: [.silence])
      try await withServer(script: keeper.serve) { server in
        let meter = try await uploads().send(.file(path), to: server.url)
        #expect(meter.finished?.bytes == 300_000)
      }
      #expect(keeper.stored == bytes)
      #expect(keeper.methods.filter { $0 == "POST" }.count == 1)
    }
  }

  @Test func `413 of a proxy makes the requests smaller, and the user's limit splits them`() async throws {
    try await withTemporaryDirectory { directory in
      let path = try directory.write(bytes, to: "a.bin")
      let proxied = UploadKeeper(.draft, faults: [.reject("413 Request Entity Too Large")])
      try await withServer(script: proxied.serve) { server in
        let meter = try await uploads().send(.file(path), to: server.url)
        #expect(meter.finished != nil)
      }
      #expect(proxied.stored == bytes)
      #expect(proxied.values("Upload-Offset") == ["0", "0", "150000"])
      let split = UploadKeeper(.tus)
      try await withServer(script: split.serve) { server in
        let meter = try await uploads(maxRequest: 128_000).send(.file(path), to: server.url)
        #expect(meter.finished != nil)
      }
      #expect(split.stored == bytes)
      #expect(split.values("Upload-Offset") == ["0", "128000", "256000"])
    }
  }

  @Test func `a paused upload closes its connection, and continues without an attempt of its retries`() async throws {
    try await withTemporaryDirectory { directory in
      let path = try directory.write(manyBytes, to: "a.bin")
      let keeper = UploadKeeper(.draft, faults: [.block(after: 100_000)])
      try await withServer(receiveBuffer: 64 * 1024, script: keeper.serve) { server in
        let uploads = uploads(retries: 0)
        let url = server.url
        async let sent = uploads.send(.file(path), to: url)
        try await eventually("a part to be sent") { uploads.ledger.active().first?.received ?? 0 > 0 }
        let meter = try #require(uploads.ledger.active().first)
        #expect(meter.canPause && meter.setPaused(true))
        try await eventually("a pause") { meter.phase == .userPause }
        #expect(meter.ended == nil && meter.isPaused)
        keeper.open()
        let received = meter.received
        #expect(meter.setPaused(false))
        #expect(try await sent.finished != nil)
        #expect(meter.received >= received)
      }
      #expect(keeper.stored == manyBytes)
    }
  }

  @Test func `cancelling an upload deletes it at the server, stopping the program keeps it`() async throws {
    for isDiscarded in [true, false] {
      try await withTemporaryDirectory { directory in
        let journal = ResumeJournal(directory: directory.file("journal"))
        let path = try directory.write(manyBytes, to: "a.bin")
        let keeper = UploadKeeper(.draft, faults: [.block(after: 1000)])
        try await withServer(receiveBuffer: 64 * 1024, script: keeper.serve) { server in
          let uploads = uploads(retries: 0, journal: journal)
          let url = server.url
          async let sent = uploads.send(.file(path), to: url)
          try await eventually("a part to be sent") { uploads.ledger.active().first?.received ?? 0 > 0 }
          let meter = try #require(uploads.ledger.active().first)
          _ = isDiscarded ? meter.cancel() : meter.stop()
          #expect(try await sent.isCancelled)
          keeper.open()
        }
        #expect(keeper.methods.contains("DELETE") == isDiscarded)
        #expect(journal.entries().isEmpty == isDiscarded)
      }
    }
  }

  @Test func `a server that does not respond to the deletion of a cancelled upload delays the end by 2 s`() async throws
  {
    try await withTemporaryDirectory { directory in
      let path = try directory.write(manyBytes, to: "a.bin")
      let keeper = UploadKeeper(.tus, faults: [.block(after: 1000)])
      let deleting: ScriptedServer.Script = { peer in try keeper.serve(peer, ignoring: "DELETE") }
      try await withServer(receiveBuffer: 64 * 1024, script: deleting) { server in
        let uploads = uploads(retries: 0)
        let url = server.url
        async let sent = uploads.send(.file(path), to: url)
        try await eventually("a part to be sent") { uploads.ledger.active().first?.received ?? 0 > 0 }
        let start = ContinuousClock.now
        uploads.ledger.active().first?.cancel()
        #expect(try await sent.isCancelled)
        let elapsed = ContinuousClock.now - start
        #expect(elapsed >= .seconds(1.9))
        keeper.open()
      }
      #expect(keeper.methods.last == "DELETE")
    }
  }

  @Test func `a redirect, such as that to the login page of a network, keeps the upload in the journal`() async throws {
    try await withTemporaryDirectory { directory in
      let journal = ResumeJournal(directory: directory.file("journal"))
      let path = try directory.write(bytes, to: "a.bin")
      let keeper = UploadKeeper(.draft, faults: [.reject("302 Found")])
      try await withServer(script: keeper.serve) { server in
        let meter = try await uploads(retries: 0, journal: journal).send(.file(path), to: server.url)
        #expect(meter.error?.code == .refusedByServer)
        #expect(journal.entries().count == 1)
        let next = try await uploads(retries: 0, journal: journal).send(.file(path), to: server.url)
        #expect(next.finished != nil)
      }
      #expect(keeper.stored == bytes)
    }
  }

  @Test func `a file that shrinks while it is interrupted is never completed`() async throws {
    try await withTemporaryDirectory { directory in
      let path = try directory.write(manyBytes, to: "a.bin")
      let keeper = UploadKeeper(.draft, faults: [.block(after: 1000)])
      try await withServer(receiveBuffer: 64 * 1024, script: keeper.serve) { server in
        let uploads = uploads()
        let url = server.url
        async let sent = uploads.send(.file(path), to: url)
        try await eventually("a part to be sent") { uploads.ledger.active().first?.received ?? 0 > 0 }
        truncate(path, 23_000_000)
        keeper.open()
        #expect(try await sent.error?.code == .fileChanged)
      }
      #expect(keeper.stored.count < manyBytes.count)
    }
  }

  @Test func `empty files, and names that are not UTF-8, can be resumable`() async throws {
    try await withTemporaryDirectory { directory in
      for kind in ResumableProtocol.allCases {
        let keeper = UploadKeeper(kind)
        let journal = ResumeJournal(directory: directory.file("journal"))
        let path = try directory.write([] as [UInt8], to: "\(kind).bin")
        let source = UploadSource.file(path, name: NameBytes([0x61, 0xFF]).losslessText)
        try await withServer(script: keeper.serve) { server in
          let meter = try await uploads(retries: 0, journal: journal).send(source, to: server.url, mode: .resumable)
          #expect(meter.finished?.bytes == 0)
        }
        #expect(keeper.methods.filter { $0 == "PATCH" }.count == (kind == .draft ? 1 : 0))
        #expect(try FileManager.default.contentsOfDirectory(atPath: journal.directory).isEmpty)
      }
    }
  }

  @Test func `nothing depends on interim responses, however many there are`() async throws {
    try await withTemporaryDirectory { directory in
      let path = try directory.write(bytes, to: "a.bin")
      let keeper = UploadKeeper(.draft, interims: 500)
      try await withServer(script: keeper.serve) { server in
        let meter = try await uploads(retries: 0).send(.file(path), to: server.url)
        #expect(meter.finished?.path == "final.bin")
        #expect(meter.received == 300_000)
      }
      #expect(keeper.stored == bytes)
      // It asks for none with the requests that append.
      #expect(keeper.values("Upload-Draft-Interop-Version").count == 1)
    }
  }

  @Test func `requests of one byte each send the whole file`() async throws {
    try await withTemporaryDirectory { directory in
      let path = try directory.write(bytes.prefix(20), to: "a.bin")
      let keeper = UploadKeeper(.draft)
      try await withServer(script: keeper.serve) { server in
        let meter = try await uploads(retries: 0, maxRequest: 1).send(.file(path), to: server.url, mode: .resumable)
        #expect(meter.finished != nil)
      }
      #expect(keeper.stored == Array(bytes.prefix(20)))
      #expect(keeper.methods.filter { $0 == "PATCH" }.count == 20)
    }
  }

  @Test func `a paused upload can be cancelled`() async throws {
    try await withTemporaryDirectory { directory in
      let path = try directory.write(manyBytes, to: "a.bin")
      let keeper = UploadKeeper(.tus, faults: [.block(after: 1000)])
      try await withServer(receiveBuffer: 64 * 1024, script: keeper.serve) { server in
        let uploads = uploads(retries: 0)
        let url = server.url
        async let sent = uploads.send(.file(path), to: url)
        try await eventually("a part to be sent") { uploads.ledger.active().first?.received ?? 0 > 0 }
        uploads.ledger.active().first?.setPaused(true)
        try await eventually("a pause") { uploads.ledger.active().first?.phase == .userPause }
        keeper.open()
        uploads.ledger.cancelAll()
        #expect(try await sent.isCancelled)
      }
    }
  }
}
