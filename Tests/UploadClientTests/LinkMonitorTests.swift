import Glibc
import Synchronization
import Testing
import UploadCore
import UploadTestSupport

@testable import UploadClient

/// What an upload waited for, as the client finds it out of its connection, with a server whose steps are scripted.
@Suite struct LinkMonitorTests {
  private func uploads() -> TestUploads {
    var uploads = TestUploads(continueTimeout: .milliseconds(1))
    uploads.configuration.resume = nil
    return uploads
  }

  /// Seconds of the upload that runs, until now.
  private func time(_ uploads: TestUploads) -> TimeShares {
    uploads.ledger.active().first?.time(at: .now) ?? TimeShares()
  }

  /// Sends 32 MiB to a server that reads nothing of them at first.
  /// - Parameter isHeld: what is waited for meanwhile.
  private func send(
    _ uploads: TestUploads,
    while isHeld: (TimeShares) -> Bool,
    _ check: (UploadMeter) throws -> Void
  ) async throws {
    let mayRead = Mutex(false)
    try await withTemporaryDirectory { directory in
      let size = 32 << 20
      try directory.write([UInt8](repeating: 7, count: size), to: "a.bin")
      try await withServer(receiveBuffer: 64 << 10) { peer in
        let request = try peer.readHead()
        while !mayRead.withLock({ $0 }) { usleep(1000) }
        _ = try peer.digestBody(of: request)
        try peer.stored("a.bin", size)
      } _: { server in
        async let sent = uploads.send(.file(directory.file("a.bin")), to: server.url)
        try await eventually("time that counts") { isHeld(time(uploads)) }
        mayRead.withLock { $0 = true }
        let meter = try await sent
        #expect(meter.finished != nil)
        try check(meter)
      }
    }
  }

  @Test func `a server that reads nothing is named as the bottleneck, with its full receive window`() async throws {
    try await send(uploads(), while: { $0[.server] > 2 }) { meter in
      let end = try #require(meter.ended).at
      let time = try #require(meter.time(at: end))
      #expect(abs(time.seconds - (end - meter.startedAt).inSeconds) < 1e-6)
      #expect(time.largest == .server)
      let link = try #require(meter.link)
      #expect(link.roundTrip != nil)
      #expect(link.windowSeconds > 1)
    }
  }

  @Test func `a response that comes late counts as the time in which the file is stored`() async throws {
    let mayRespond = Mutex(false)
    let uploads = uploads()
    try await withTemporaryDirectory { directory in
      try directory.write([1, 2, 3], to: "a.bin")
      try await withServer { peer in
        _ = try peer.digestBody(of: try peer.readHead())
        while !mayRespond.withLock({ $0 }) { usleep(1000) }
        try peer.stored("a.bin", 3)
      } _: { server in
        async let sent = uploads.send(.file(directory.file("a.bin")), to: server.url)
        try await eventually("time that counts") { time(uploads)[.finishing] > 1.5 }
        mayRespond.withLock { $0 = true }
        let meter = try await sent
        #expect(meter.time(at: .now)?.largest == .finishing)
      }
    }
  }

  @Test func `a server that cannot be reached is the network's time`() async throws {
    let server = try UnresponsiveServer()
    let uploads = uploads()
    try await withTemporaryDirectory { directory in
      try directory.write([1], to: "a.bin")
      let url = "http://127.0.0.1:\(server.port)"
      async let sent = uploads.send(.file(directory.file("a.bin")), to: url)
      try await eventually("a connection attempt") { time(uploads)[.network] > 0.2 }
      var sampler = Sampler(ledger: uploads.ledger, stallAfter: .zero, slabUse: { SlabUse(used: 0, budget: 0) })
      let shown = try #require(sampler.sample().uploads.first)
      #expect(shown.state == .stalled)
      #expect(shown.cause == .network)
      uploads.ledger.cancelAll()
      #expect(try await sent.isCancelled)
    }
  }

  @Test func `a form that is read into memory first waits for the disk meanwhile`() async throws {
    let uploads = uploads()
    try await withTemporaryDirectory { directory in
      try directory.write([1, 2, 3], to: "a.bin")
      try await withServer { peer in
        _ = try peer.digestBody(of: try peer.readHead())
        try peer.stored("a.bin", 3)
      } _: { server in
        let meter = try await uploads.send(.file(directory.file("a.bin")), to: server.url, mode: .buffered)
        #expect(try #require(meter.time(at: .now))[.disk] > 0)
      }
    }
  }

  @Test func `the time until another attempt counts for what the failed one has met`() {
    let lost = UploadError(.connectionLost, "Lost.")
    #expect(lost.retryCause == .network)
    #expect(UploadError(.unreachable, "Away.").retryCause == .network)
    #expect(UploadError(.refusedByServer, "Busy.").retryCause == .server)
    #expect(UploadError(.connectionRefused, "None.").retryCause == .server)
  }
}
