import Glibc
import NIOCore
import Synchronization
import Testing
import UploadCore
import UploadTestSupport

@testable import UploadClient

/// Several uploads at once, cancelled uploads, and servers that cannot be reached.
@Suite(.timeLimit(.minutes(30))) struct UploaderTests {
  @Test func `a refused connection fails the upload`() async throws {
    let port = try HeldPort()
    try await withTemporaryDirectory { directory in
      let path = try directory.write([1], to: "x")
      for host in ["127.0.0.1", "localhost"] {
        let meter = try await TestUploads().send(.file(path), to: "http://\(host):\(port.number)")
        #expect(meter.error?.code == .connectionRefused)
        #expect(meter.error?.message.contains("\(host):\(port.number)") == true)
        #expect(meter.phase == .connecting)
      }
    }
  }

  @Test func `a host without an address is unreachable`() async throws {
    try await withTemporaryDirectory { directory in
      let path = try directory.write([1], to: "x")
      let meter = try await TestUploads().send(.file(path), to: "http://no-such-host.invalid")
      #expect(meter.error?.code == .unreachable)
      #expect(meter.error?.message.contains("no-such-host.invalid") == true)
    }
  }

  @Test func `an upload to a server that accepts no connection fails after the connect timeout`() async throws {
    let server = try UnresponsiveServer()
    try await withTemporaryDirectory { directory in
      let path = try directory.write([1], to: "x")
      var uploads = TestUploads()
      uploads.configuration.connectTimeout = .milliseconds(200)
      let meter = try await uploads.send(.file(path), to: "http://127.0.0.1:\(server.port)")
      #expect(meter.error?.code == .unreachable)
      #expect(meter.error?.message.contains("127.0.0.1:\(server.port) did not respond within 0.2 s") == true)
    }
  }

  @Test func `an upload can be cancelled while it connects`() async throws {
    let server = try UnresponsiveServer()
    try await withTemporaryDirectory { directory in
      let path = try directory.write([1], to: "x")
      let uploads = TestUploads()
      let url = "http://127.0.0.1:\(server.port)"
      let task = Task { try await uploads.send(.file(path), to: url) }
      try await eventually("the upload to begin") { uploads.ledger.activeCount(.outgoing) == 1 }
      task.cancel()
      #expect(try await task.value.isCancelled)
    }
    withExtendedLifetime(server) {}
  }

  @Test func `an invalid configuration fails the upload; an unreadable file is reported first`() async throws {
    var uploads = TestUploads()
    uploads.configuration.method = "HEAD"
    let meter = try await uploads.send(.file("/dev/null"), to: "http://127.0.0.1:1")
    // The file is checked first: its error does not depend on the configuration.
    #expect(meter.error?.code == .unreadableFile)
    try await withTemporaryDirectory { directory in
      let path = try directory.write([1], to: "x")
      let meter = try await uploads.send(.file(path), to: "http://127.0.0.1:1")
      #expect(meter.error?.code == .badValue)
    }
  }

  /// Cancels an upload at the point that `script` determines.
  private func cancel(
    mode: UploadMode = .stream,
    script: @escaping @Sendable (Peer, Task<UploadMeter, any Error>) throws -> Void
  ) async throws -> UploadMeter {
    try await withTemporaryDirectory { directory in
      let path = try directory.write([], to: "x")
      truncate(path, 64 << 20)
      let task = Mutex<Task<UploadMeter, any Error>?>(nil)
      return try await withServer(receiveBuffer: 64 << 10) { peer in
        _ = try peer.readHead()
        try script(peer, try #require(task.withLock { $0 }))
      } _: { server in
        // Only the script ends the wait for 100 Continue, however busy the machine is.
        let uploads = TestUploads(continueTimeout: .seconds(600))
        // Started under the lock, so that the task is set before a script reads it.
        let upload = task.withLock { task in
          let upload = Task { try await uploads.send(.file(path), to: server.url, mode: mode) }
          task = upload
          return upload
        }
        let meter = try await upload.value
        #expect(uploads.ledger.totals(.outgoing).cancelled == 1)
        #expect(uploads.ledger.activeCount(.outgoing) == 0)
        #expect(meter.residentBytes == 0)
        return meter
      }
    }
  }

  @Test func `an upload can be cancelled while it waits for 100 Continue`() async throws {
    let meter = try await cancel { peer, task in
      task.cancel()
      guard peer.drain() == 0 else { throw TimeoutError("the body was sent") }
    }
    #expect(meter.isCancelled && meter.received == 0)
  }

  @Test(arguments: [UploadMode.stream, .multipart, .buffered])
  func `an upload can be cancelled in the middle of its body`(
    mode: UploadMode
  ) async throws {
    let meter = try await cancel(mode: mode) { peer, task in
      try peer.send("HTTP/1.1 100 Continue\r\n\r\n")
      _ = try peer.read(1 << 20)
      task.cancel()
      guard peer.drain() < 60 << 20 else { throw TimeoutError("the body was sent") }
    }
    #expect(meter.isCancelled)
    #expect(meter.received > 0)
  }

  @Test func `an upload can be cancelled after its body and before the response`() async throws {
    let meter = try await cancel { peer, task in
      try peer.send("HTTP/1.1 100 Continue\r\n\r\n")
      _ = try peer.read(64 << 20)
      task.cancel()
      peer.drain()
    }
    #expect(meter.isCancelled)
    #expect(meter.received == 64 << 20)
  }

  @Test func `an upload can be cancelled by its id in the ledger`() async throws {
    let server = try UnresponsiveServer()
    try await withTemporaryDirectory { directory in
      let path = try directory.write([1], to: "x")
      let (uploads, id) = (TestUploads(), UploadID())
      let target = try SendTarget("http://127.0.0.1:\(server.port)")
      let meter = await uploads.uploader.send(.file(path), to: target, mode: .stream, id: id) { meter in
        // It is in the ledger by now, and can be cancelled there before it connects.
        #expect(meter.id == id && uploads.ledger.cancel(id))
      }
      #expect(meter.isCancelled)
      #expect(uploads.ledger.totals(.outgoing).cancelled == 1)
      #expect(!uploads.ledger.cancel(id))
    }
    withExtendedLifetime(server) {}
  }

  @Test func `an upload can be cancelled before it begins`() async throws {
    try await withTemporaryDirectory { directory in
      let path = try directory.write([1], to: "x")
      let uploads = TestUploads()
      let task = Task {
        withUnsafeCurrentTask { $0?.cancel() }
        return try await uploads.send(.file(path), to: "http://127.0.0.1:1")
      }
      #expect(try await task.value.isCancelled)
    }
  }

  @Test func `an upload can be cancelled while it waits for its source`() async throws {
    let pipe = try TestPipe()
    let source = UploadSource.descriptor(pipe.output, name: "x")
    try await withServer { peer in
      _ = try peer.readHead()
      try peer.send("HTTP/1.1 100 Continue\r\n\r\n")
      peer.drain()
    } _: { server in
      let uploads = TestUploads()
      let task = Task { try await uploads.send(source, to: server.url) }
      try await eventually("the upload to wait for its source") { uploads.ledger.active().first?.phase == .input }
      task.cancel()
      #expect(try await task.value.isCancelled)
    }
    close(pipe.output)
    close(pipe.input)
  }

  @Test func `nine uploads with three jobs run three at once, and are returned in order`() async throws {
    let uploads = TestUploads()
    let state = Mutex((now: 0, most: 0, inLedger: 0))
    try await withTemporaryDirectory { directory in
      let sources = try (0..<9).map { UploadSource.file(try directory.write([UInt8($0)], to: "f\($0)")) }
      try await withServer { peer in
        let body = try peer.readBody(of: peer.readHead())
        state.withLock {
          $0.now += 1
          $0.most = max($0.most, $0.now)
          $0.inLedger = max($0.inLedger, uploads.ledger.activeCount(.outgoing))
        }
        // No request gets a response until three have arrived, which must be possible; the ledger would show a fourth.
        while state.withLock({ $0.most < 3 }) { usleep(1000) }
        state.withLock { $0.now -= 1 }
        try peer.stored("f\(body[0]) stored", 1)
      } _: { server in
        let meters = await uploads.uploader.sendAll(sources, to: try SendTarget(server.url), mode: .stream, jobs: 3)
        #expect(meters.map(\.name) == (0..<9).map { "f\($0)" })
        #expect(meters.map { $0.finished?.path } == (0..<9).map { "f\($0) stored" })
      }
    }
    #expect(state.withLock { $0.most } == 3)
    #expect(state.withLock { $0.inLedger } == 3)
  }

  @Test func `uploads start in the given order, and a missing file does not stop the others`() async throws {
    let order = Mutex<[String]>([])
    try await withTemporaryDirectory { directory in
      var sources = try (0..<4).map { UploadSource.file(try directory.write([0], to: "f\($0)")) }
      sources.insert(.file(directory.file("missing")), at: 2)
      try await withServer { peer in
        let request = try peer.readHead()
        order.withLock { $0.append(request.uri) }
        _ = try peer.readBody(of: request)
        try peer.respond("201 Created")
      } _: { server in
        let uploader = TestUploads().uploader
        let meters = await uploader.sendAll(sources, to: try SendTarget(server.url), mode: .stream, jobs: 0)
        #expect(meters.map { $0.error?.code } == [nil, nil, .unreadableFile, nil, nil])
      }
    }
    #expect(order.withLock { $0 } == (0..<4).map { "/stream-upload?name=f\($0)" })
  }

  @Test func `cancelling the task also ends uploads that have not begun`() async throws {
    let uploads = TestUploads()
    let task = Mutex<Task<[UploadMeter], Never>?>(nil)
    try await withTemporaryDirectory { directory in
      let sources = try (0..<5).map { UploadSource.file(try directory.write([0], to: "f\($0)")) }
      try await withServer { peer in
        _ = try peer.readHead()
        try #require(task.withLock { $0 }).cancel()
        peer.drain()
      } _: { server in
        let target = try SendTarget(server.url)
        let started = task.withLock { task in
          let started = Task { await uploads.uploader.sendAll(sources, to: target, mode: .stream, jobs: 1) }
          task = started
          return started
        }
        let meters = await started.value
        #expect(meters.map(\.isCancelled) == [true, true, true, true, true])
      }
    }
    #expect(uploads.ledger.totals(.outgoing).cancelled == 5)
  }
}
