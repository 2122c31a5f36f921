import Glibc
import NIOCore
import Synchronization
import Testing
import UploadCore
import UploadTestSupport

@testable import UploadClient

/// Small files to servers that close connections, are busy, or do not respond.
@Suite(.timeLimit(.minutes(30))) struct SendEachFailureTests {
  /// Sends files to a server that runs `script` for each connection, with its number from 1.
  private func send(
    _ count: Int,
    jobs: Int? = nil,
    configure: (inout UploadClientConfiguration) -> Void = { _ in },
    _ files: ReceivedFiles,
    script: @escaping @Sendable (Int, Peer) throws -> Void
  ) async throws -> SentFiles {
    var uploads = TestUploads()
    configure(&uploads.configuration)
    let configured = uploads
    return try await withTemporaryDirectory { directory in
      try await withServer { peer in
        try script(files.connect(), peer)
      } _: { server in
        try await configured.sendEach(count, to: server.url, in: directory, jobs: jobs)
      }
    }
  }

  private func retrying(_ configuration: inout UploadClientConfiguration) {
    configuration.retry = RetryPolicy(limit: nil)
    configuration.retry.firstPause = .milliseconds(5)
  }

  /// Expects that every file has arrived exactly once.
  private func expectAll(_ count: Int, _ sent: SentFiles, _ files: ReceivedFiles) {
    #expect(sent.finishedCount == count && sent.reason == nil)
    #expect(files.stored.count == count)
    for index in 0..<count { #expect(files.stored["/files/f\(index)"] == [TestUploads.content(index)]) }
  }

  @Test(arguments: [
    ReceivedFiles.last, "HTTP/1.0 201 Created\r\nContent-Length: 0\r\n\r\n", "HTTP/1.1 201 Created\r\n\r\n",
  ])
  func `a server that closes each connection gets one file on each`(response: String) async throws {
    let files = ReceivedFiles()
    let sent = try await send(60, jobs: 8, files) { _, peer in
      try files.accept(peer, most: 1, response: response)
    }
    expectAll(60, sent, files)
    #expect(files.connections == 60)
  }

  @Test(arguments: [2, 3, 17, 33])
  func `a server may announce the end of its connections after any number of requests`(most: Int) async throws {
    let files = ReceivedFiles()
    let sent = try await send(300, jobs: 4, files) { _, peer in
      try files.accept(peer, most: most - 1)
      try files.accept(peer, most: 1, response: ReceivedFiles.last)
      // As servers do that do not want to lose their last response.
      peer.finish()
      peer.drain()
    }
    expectAll(300, sent, files)
  }

  @Test func `an idle connection that ends loses nothing`() async throws {
    let files = ReceivedFiles()
    let sent = try await send(40, jobs: 1, files) { _, peer in
      try files.accept(peer, most: 1)
      guard let item = try files.next(peer) else { return }
      // The server had given up waiting before it received the request.
      _ = item
      try peer.send("HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
      peer.finish()
      peer.drain()
    }
    expectAll(40, sent, files)
  }

  @Test func `a connection that is lost at any position of its responses loses those files alone`() async throws {
    let responses = ReceivedFiles.kept + ReceivedFiles.kept + ReceivedFiles.kept
    let one = ReceivedFiles.kept.utf8.count
    for count in 0..<responses.utf8.count {
      let files = ReceivedFiles()
      let sent = try await send(6, jobs: 1, files) { number, peer in
        guard number == 1 else { return try files.accept(peer) }
        try files.accept(peer, most: 1)
        let items = try (0..<5).compactMap { _ in try files.next(peer) }
        for item in items.prefix(count / one) { files.store(item) }
        try peer.send(String(decoding: responses.utf8.prefix(count), as: UTF8.self))
      }
      // The two others were read, and may have been stored.
      #expect(sent.finishedCount == 1 + count / one)
      #expect(sent.all.count { $0.error?.code == .connectionLost } == 5 - count / one)
      #expect(files.stored.values.allSatisfy { $0.count == 1 })
    }
  }

  @Test func `after a loss the other files arrive`() async throws {
    let files = ReceivedFiles()
    let sent = try await send(200, jobs: 4, configure: retrying, files) { number, peer in
      guard number <= 3 else { return try files.accept(peer) }
      try files.accept(peer, most: 5)
      _ = try files.next(peer)
      peer.reset()
    }
    // A reset may destroy responses that were sent before it.
    #expect((1...files.stored.count).contains(sent.finishedCount))
    #expect(sent.all.allSatisfy { $0.finished != nil || $0.error?.code == .connectionLost })
    #expect(files.stored.values.allSatisfy { $0.count == 1 })
  }

  @Test(arguments: ["nonsense\r\n\r\n", "HTTP/1.1 101 Switching Protocols\r\n\r\n"])
  func `a response that is none fails its file`(response: String) async throws {
    let files = ReceivedFiles()
    let sent = try await send(3, jobs: 1, files) { number, peer in
      guard number == 1 else { return try files.accept(peer) }
      _ = try files.next(peer)
      try peer.send(response)
      peer.drain()
    }
    #expect(sent.all.count { $0.error?.code == .badAnswer } == 1 && sent.finishedCount == 2)
  }

  @Test func `a server that does not respond fails the files that it has, after the timeout`() async throws {
    let files = ReceivedFiles()
    let sent = try await send(3, jobs: 1, configure: { $0.responseTimeout = .seconds(2) }, files) {
      number,
      peer in
      guard number == 1 else { return try files.accept(peer) }
      _ = try files.next(peer)
      peer.drain()
    }
    #expect(sent.all.count { $0.error?.code == .timedOut } == 1 && sent.finishedCount == 2)
  }

  @Test func `files that a busy server rejects are sent again`() async throws {
    let files = ReceivedFiles()
    let rejected = Mutex(0)
    let sent = try await send(100, configure: retrying, files) { _, peer in
      while let item = try files.next(peer) {
        let isBusy = rejected.withLock { count in
          count += 1
          return count % 3 == 0
        }
        if isBusy {
          try peer.send("HTTP/1.1 503 Service Unavailable\r\nRetry-After: 0\r\nContent-Length: 0\r\n\r\n")
        } else {
          files.store(item)
          try peer.send(ReceivedFiles.kept)
        }
      }
    }
    expectAll(100, sent, files)
    #expect(sent.all.contains { $0.retry.attempt > 1 })
  }

  @Test func `without retries, a file that a busy server rejects fails alone`() async throws {
    let files = ReceivedFiles()
    let sent = try await send(20, files) { _, peer in
      while let item = try files.next(peer) {
        if item.request.uri == "/files/f7" {
          try peer.send("HTTP/1.1 503 Service Unavailable\r\nContent-Length: 4\r\n\r\nbusy")
        } else {
          files.store(item)
          try peer.send(ReceivedFiles.kept)
        }
      }
    }
    #expect(sent.finishedCount == 19)
    #expect(sent.meters["f7"]?.first?.error?.message == "HTTP 503: busy")
  }

  @Test func `a file is not sent again after 504`() async throws {
    let files = ReceivedFiles()
    let sent = try await send(1, configure: retrying, files) { _, peer in
      _ = try files.next(peer)
      try peer.respond("504 Gateway Timeout")
    }
    #expect(sent.all.first?.error?.message.contains("may have stored the file") == true)
    #expect(files.connections == 1)
  }

  /// The same file without end.
  private func endless(
    _ directory: TemporaryDirectory,
    _ large: String? = nil
  ) throws -> AsyncStream<UploadSource> {
    let path = try large ?? directory.write([1], to: "x")
    let number = Mutex(0)
    return AsyncStream {
      var source = UploadSource.file(path, name: "f\(number.withLock { $0 += 1; return $0 })")
      source.size = large == nil ? 1 : 100_000
      return source
    }
  }

  @Test func `a rejected token stops everything with one message`() async throws {
    let sent = try await withTemporaryDirectory { directory in
      try await withServer { peer in
        let files = ReceivedFiles()
        while try files.next(peer) != nil { try peer.send("HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n") }
      } _: { server in
        try await TestUploads().sendEach(try endless(directory), to: server.url)
      }
    }
    #expect(sent.reason?.message.contains("HTTP 401: The token that was sent is not accepted.") == true)
    #expect(sent.all.count { $0.error != nil } == 1)
    #expect(sent.all.allSatisfy { $0.error != nil || $0.isCancelled || $0.ended == nil })
  }

  @Test func `a server that cannot be reached fails one file for all, after the retries`() async throws {
    let port = try HeldPort()
    var uploads = TestUploads()
    uploads.configuration.retry = RetryPolicy(limit: 2)
    uploads.configuration.retry.firstPause = .milliseconds(5)
    let configured = uploads
    let sent = try await withTemporaryDirectory { directory in
      try await configured.sendEach(try endless(directory), to: "http://127.0.0.1:\(port.number)")
    }
    #expect(sent.reason?.code == .connectionRefused)
    #expect(sent.reason?.message.contains("Gave up after 3 attempts.") == true)
    #expect(sent.all.count { $0.error != nil } == 1 && sent.all.contains { $0.ended == nil })
  }

  @Test func `a rejected token stops large files, too`() async throws {
    let sent = try await withTemporaryDirectory { directory in
      let path = try directory.write([UInt8](repeating: 1, count: 100_000), to: "x")
      return try await withServer { peer in
        while let request = try? peer.readHead() {
          guard (try? peer.readBody(of: request)) != nil else { return }
          try peer.send("HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n")
        }
      } _: { server in
        try await TestUploads().sendEach(try endless(directory, path), to: server.url, jobs: 2)
      }
    }
    #expect(sent.reason?.message.hasPrefix("HTTP 401: ") == true)
    #expect((1...2).contains(sent.all.count { $0.error != nil }))
    #expect(sent.all.allSatisfy { $0.error != nil || $0.isCancelled || $0.ended == nil })
  }

  @Test func `a rejected token ends large files that wait for another attempt`() async throws {
    var uploads = TestUploads()
    uploads.configuration.retry = RetryPolicy(limit: 5)
    uploads.configuration.retry.patience = .seconds(1000)
    let configured = uploads
    let files = ReceivedFiles()
    let sent = try await withTemporaryDirectory { directory in
      let path = try directory.write([UInt8](repeating: 1, count: 100_000), to: "x")
      return try await withServer { peer in
        while try files.next(peer) != nil {
          // The first request, on whichever connection.
          let status = files.connect() == 1 ? "429 Too Many Requests\r\nRetry-After: 900" : "401 Unauthorized"
          try peer.send("HTTP/1.1 \(status)\r\nContent-Length: 0\r\n\r\n")
        }
      } _: { server in
        try await configured.sendEach(try endless(directory, path), to: server.url, jobs: 2)
      }
    }
    #expect(sent.reason?.message.hasPrefix("HTTP 401: ") == true)
    #expect(sent.all.allSatisfy { $0.error != nil || $0.isCancelled || $0.ended == nil })
    let messages = sent.all.compactMap(\.error).map(\.message)
    #expect(messages.allSatisfy { $0.hasPrefix("HTTP 401: ") }, "\(messages)")
  }

  @Test func `large files for a server that cannot be reached fail only a few times`() async throws {
    let port = try HeldPort()
    let sent = try await withTemporaryDirectory { directory in
      let path = try directory.write([UInt8](repeating: 1, count: 100_000), to: "x")
      let sources = try endless(directory, path)
      return try await TestUploads().sendEach(sources, to: "http://127.0.0.1:\(port.number)", jobs: 2)
    }
    #expect(sent.reason?.code == .connectionRefused)
    #expect((3...4).contains(sent.all.count { $0.error != nil }))
    #expect(sent.all.allSatisfy { $0.error != nil || $0.isCancelled || $0.ended == nil })
  }

  @Test func `a cancellation ends the files that wait for a response, and reads no more`() async throws {
    let uploads = TestUploads()
    let task = Mutex<Task<SentFiles, any Error>?>(nil)
    let sent = try await withTemporaryDirectory { directory in
      try await withServer { peer in
        // Further connections are closed without a request.
        guard (try? peer.readHead()) != nil else { return }
        try #require(task.withLock { $0 }).cancel()
        peer.drain()
      } _: { server in
        let sources = try endless(directory)
        let started = task.withLock { task in
          let started = Task { try await uploads.sendEach(sources, to: server.url) }
          task = started
          return started
        }
        return try await started.value
      }
    }
    #expect(sent.reason == nil)
    #expect(sent.all.contains { $0.isCancelled })
    #expect(sent.all.allSatisfy { $0.isCancelled || $0.ended == nil })
    #expect(uploads.ledger.totals(.outgoing).cancelled > 0)
  }

  @Test func `the connection of the last file is closed when that is cancelled`() async throws {
    let (files, uploads) = (ReceivedFiles(), TestUploads())
    let sent = try await withTemporaryDirectory { directory in
      try await withServer { peer in
        try files.accept(peer, most: 1)
        _ = try files.next(peer)
        for meter in uploads.ledger.active() { meter.cancel() }
        // Without a response: the client has to close it.
        try peer.waitForHangUp()
      } _: { server in
        try await uploads.sendEach(2, to: server.url, in: directory, jobs: 1)
      }
    }
    #expect(sent.finishedCount == 1 && sent.all.count { $0.isCancelled } == 1)
  }

  @Test func `one file can be cancelled by its id while it waits for its response`() async throws {
    let (files, uploads) = (ReceivedFiles(), TestUploads())
    let sent = try await withTemporaryDirectory { directory in
      try await withServer { peer in
        while let item = try files.next(peer) {
          if item.request.uri == "/files/f1" {
            for meter in uploads.ledger.active() where meter.name == "f1" { meter.cancel() }
            while uploads.ledger.totals(.outgoing).cancelled == 0 { usleep(1000) }
          }
          try peer.send(ReceivedFiles.kept)
        }
      } _: { server in
        try await uploads.sendEach(3, to: server.url, in: directory, jobs: 1)
      }
    }
    #expect(sent.finishedCount == 2 && sent.meters["f1"]?.first?.isCancelled == true)
  }
}
