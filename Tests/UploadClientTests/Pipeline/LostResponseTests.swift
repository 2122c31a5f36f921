import Synchronization
import Testing
import UploadCore
import UploadTestSupport

@testable import UploadClient

/// Small files whose responses are lost.
@Suite(.timeLimit(.minutes(30))) struct LostResponseTests {
  /// Sends files over one connection at a time to a server that runs `script` for each, with its number from 1.
  private func send(
    _ count: Int,
    limit: Int? = nil,
    configure: (inout UploadClientConfiguration) -> Void = { _ in },
    _ files: ReceivedFiles,
    script: @escaping @Sendable (Int, Peer) throws -> Void
  ) async throws -> SentFiles {
    var uploads = TestUploads()
    uploads.configuration.retry = RetryPolicy(limit: limit)
    uploads.configuration.retry.firstPause = .milliseconds(5)
    configure(&uploads.configuration)
    let configured = uploads
    return try await withTemporaryDirectory { directory in
      try await withServer { peer in
        try script(files.connect(), peer)
      } _: { server in
        try await configured.sendEach(count, to: server.url, in: directory, jobs: 1)
      }
    }
  }

  private func expectAll(_ count: Int, _ sent: SentFiles, _ files: ReceivedFiles) {
    #expect(sent.finishedCount == count && sent.reason == nil)
    for index in 0..<count { #expect(files.stored["/files/f\(index)"] == [TestUploads.content(index)]) }
    #expect(sent.all.allSatisfy { $0.received == $0.size && $0.stored == $0.size })
  }

  @Test func `a server may close after any number of requests and responses`() async throws {
    for processed in 0...4 {
      for responses in 0...processed {
        let files = ReceivedFiles()
        let sent = try await send(6, files) { number, peer in
          guard number == 1 else { return try files.accept(peer) }
          try files.accept(peer, most: 1)
          let items = try (0..<5).compactMap { _ in try files.next(peer) }
          for (index, item) in items.prefix(processed).enumerated() {
            let response = files.serve(item)
            if index < responses { try peer.send(response) }
          }
        }
        expectAll(6, sent, files)
      }
    }
  }

  @Test func `half a response does not count, wherever it ends`() async throws {
    let response = Array("HTTP/1.1 201 Created\r\nContent-Length: 2\r\n\r\nok".utf8)
    for count in stride(from: 1, to: response.count, by: 5) {
      let files = ReceivedFiles()
      let sent = try await send(3, files) { number, peer in
        guard number == 1, let item = try files.next(peer) else { return try files.accept(peer) }
        _ = files.serve(item)
        try peer.send(Array(response.prefix(count)))
      }
      expectAll(3, sent, files)
    }
  }

  @Test func `a file whose response does not come in time is looked up`() async throws {
    let files = ReceivedFiles()
    let sent = try await send(3, configure: { $0.responseTimeout = .seconds(1) }, files) { number, peer in
      guard number == 1, let item = try files.next(peer) else { return try files.accept(peer) }
      _ = files.serve(item)
      peer.drain()
    }
    expectAll(3, sent, files)
  }

  @Test(arguments: ["403 Forbidden", "405 Method Not Allowed", "500 Internal Server Error", "301 Moved Permanently"])
  func `a file that cannot be looked up may be stored`(status: String) async throws {
    let files = ReceivedFiles()
    let sent = try await send(3, files) { number, peer in
      if number == 1 {
        _ = try files.next(peer)
        return
      }
      while let item = try files.next(peer) {
        try peer.send(item.request.method == "GET" ? ReceivedFiles.empty(status) : files.serve(item))
      }
    }
    #expect(sent.finishedCount == 2)
    let error = try #require(sent.all.compactMap { $0.error }.first)
    #expect(error.code == .connectionLost && error.message.contains("sent no response. Check the server's log"))
  }

  @Test func `a server that hides files rejects what it has, and that is not reported as stored`() async throws {
    let files = ReceivedFiles()
    let sent = try await send(1, files) { number, peer in
      guard let item = try files.next(peer) else { return }
      _ = files.serve(item)
      guard number > 1 else { return }
      // Whatever is asked, it shows nothing.
      try peer.send(ReceivedFiles.empty("404 Not Found"))
      while let item = try files.next(peer) {
        try peer.send(item.request.method == "GET" ? ReceivedFiles.empty("404 Not Found") : files.serve(item))
      }
    }
    #expect(sent.all.first?.error?.code == .connectionLost)
    #expect(files.stored["/files/f0"]?.count == 1)
  }

  @Test func `another file under the name is a failure`() async throws {
    let files = ReceivedFiles()
    let sent = try await send(2, files) { number, peer in
      if number == 1 {
        _ = try files.next(peer)
        return
      }
      while let item = try files.next(peer) {
        guard item.request.method == "GET" else {
          try peer.send(files.serve(item))
          continue
        }
        // The same beginning, and one byte more.
        try peer.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n\u{0}\u{0}")
      }
    }
    #expect(sent.finishedCount == 1)
    let message = sent.meters["f0"]?.first?.error?.message
    #expect(message?.contains("there is another file under this name now") == true)
  }

  @Test func `a file that is stored between the look and the next request is not stored twice`() async throws {
    let files = ReceivedFiles()
    let late = Mutex<(request: Peer.Request, body: [UInt8])?>(nil)
    let sent = try await send(1, files) { number, peer in
      guard let item = try files.next(peer) else { return }
      if number == 1 { return late.withLock { $0 = item } }
      try peer.send(files.serve(item))
      // Only now the server processes the first request.
      if let first = late.withLock({ $0 }) { files.store(first) }
      try files.accept(peer)
    }
    expectAll(1, sent, files)
    #expect(files.requests.map(\.method) == ["PUT", "GET", "PUT", "GET"])
  }

  @Test func `a look that is lost or rejected as busy is repeated`() async throws {
    let files = ReceivedFiles()
    let sent = try await send(4, files) { number, peer in
      guard number <= 3, let item = try files.next(peer) else { return try files.accept(peer) }
      _ = files.serve(item)
      if number == 3 { try peer.respond("503 Service Unavailable") }
    }
    expectAll(4, sent, files)
    #expect(files.requests.prefix(4).map(\.method) == ["PUT", "GET", "GET", "GET"])
  }

  @Test func `without retries nothing is looked up`() async throws {
    let files = ReceivedFiles()
    let sent = try await send(1, limit: 0, files) { _, peer in _ = try files.next(peer) }
    #expect(sent.all.first?.error?.code == .connectionLost && files.requests.map(\.method) == ["PUT"])
  }

  @Test func `a file that may be stored is reported so when the server does not return`() async throws {
    let files = ReceivedFiles()
    let sent = try await send(1, limit: 2, files) { _, peer in _ = try files.next(peer) }
    let error = try #require(sent.all.first?.error)
    #expect(error.message.contains("sent no response") && error.message.contains("Gave up after 3 attempts."))
    #expect(files.requests.map(\.method) == ["PUT", "GET", "GET"])
  }
}
