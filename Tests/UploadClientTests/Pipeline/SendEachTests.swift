import Glibc
import NIOCore
import Synchronization
import Testing
import UploadCore
import UploadTestSupport

@testable import UploadClient

/// Small files to servers that keep connections.
@Suite(.timeLimit(.minutes(30))) struct SendEachTests {
  @Test(arguments: [1, 4, 16, 100]) func `many small files arrive complete and once`(jobs: Int) async throws {
    let (files, uploads) = (ReceivedFiles(), TestUploads())
    let sent = try await withTemporaryDirectory { directory in
      try await withServer { peer in
        _ = files.connect()
        try files.accept(peer)
      } _: { server in
        try await uploads.sendEach(500, to: server.url, in: directory, jobs: jobs)
      }
    }
    #expect(sent.finishedCount == 500 && sent.reason == nil)
    #expect(files.stored.count == 500)
    for index in 0..<500 { #expect(files.stored["/files/f\(index)"] == [TestUploads.content(index)]) }
    #expect(files.connections <= min(jobs, 16))
    #expect(uploads.ledger.totals(.outgoing).finished == 500)
    #expect(sent.all.allSatisfy { $0.residentBytes == 0 && $0.stored == $0.size && $0.received == $0.size })
  }

  @Test func `requests are pipelined once the first has shown that the connection is kept`() async throws {
    let files = ReceivedFiles()
    let sent = try await withTemporaryDirectory { directory in
      try await withServer { peer in
        _ = files.connect()
        try files.accept(peer, most: 1)
        // Without a response the client sends these only if it pipelines them.
        let items = try (0..<32).compactMap { _ in try files.next(peer) }
        for item in items {
          files.store(item)
          try peer.send(ReceivedFiles.kept)
        }
        try files.accept(peer)
      } _: { server in
        try await TestUploads().sendEach(80, to: server.url, in: directory, jobs: 1)
      }
    }
    #expect(sent.finishedCount == 80 && files.stored.count == 80 && files.connections == 1)
  }

  @Test func `a request has the fields of an ordinary upload, its path, its time and its tree`() async throws {
    let files = ReceivedFiles()
    var uploads = TestUploads()
    uploads.configuration.headers = [try HeaderField("X-Team: blue")]
    uploads.configuration.continueThreshold = 0
    let configured = uploads
    let group = UploadGroup(id: "a1", name: "ph\"otos", files: 1, bytes: 5)
    let sent = try await withTemporaryDirectory { directory in
      var source = UploadSource.file(try directory.write(Array("hello".utf8), to: "a.txt"))
      (source.size, source.modified, source.remotePath) = (5, -7, "photos/a b/ü#?.txt")
      return try await withServer { peer in
        try files.accept(peer)
      } _: { server in
        try await configured.sendEach([source].async, to: server.url, group: group)
      }
    }
    #expect(sent.finishedCount == 1 && sent.all.first?.name == "photos/a b/ü#?.txt")
    let request = try #require(files.requests.first)
    #expect(request.method == "PUT" && request.uri == "/files/photos/a%20b/%C3%BC%23%3F.txt")
    #expect(request["Content-Type"] == "text/plain" && request["Content-Length"] == "5")
    #expect(request["X-OC-Mtime"] == "-7" && request["X-Team"] == "blue")
    #expect(request["Sluice-Tree"] == #"id="a1", name="ph\"otos", files=1, bytes=5"#)
    #expect(request["Authorization"] == "Bearer secret" && request["User-Agent"] == "sluice")
    #expect(request["Expect"] == nil && request["Connection"] == nil)
  }

  @Test func `files go to the path of a URL that ends in a slash, and one at a time to any other`() async throws {
    for (path, method) in [("/in/", "PUT"), ("/in", "POST")] {
      let files = ReceivedFiles()
      let most = Mutex(0)
      let sent = try await withTemporaryDirectory { directory in
        try await withServer { peer in
          while let item = try files.next(peer) {
            files.store(item)
            if method == "POST", peer.hasMore(within: 20) { most.withLock { $0 += 1 } }
            try peer.send(ReceivedFiles.kept)
          }
        } _: { server in
          try await TestUploads().sendEach(8, to: server.url + path + "?a=b", in: directory, jobs: 2)
        }
      }
      #expect(sent.finishedCount == 8)
      #expect(files.requests.allSatisfy { $0.method == method })
      #expect(most.withLock { $0 } == 0)
      let names = Set(files.requests.map { method == "PUT" ? $0.uri : $0["Content-Disposition"] ?? "" })
      #expect(
        names == Set((0..<8).map { method == "PUT" ? "/in/f\($0)?a=b" : "attachment; filename*=UTF-8''f\($0)" })
      )
    }
  }

  @Test func `large files and those that have grown are sent the usual way`() async throws {
    let files = ReceivedFiles()
    let large = [UInt8](repeating: 7, count: 300_000)
    let sent = try await withTemporaryDirectory { directory in
      try directory.write(large, to: "large")
      return try await withServer { peer in
        try files.accept(peer)
      } _: { [directory] server in
        try await TestUploads().sendEach(20, to: server.url, in: directory) { source, index in
          guard index.isMultiple(of: 2) else { return }
          source = .file(directory.file("large"), name: "large\(index)")
          // As a walk had found it before it grew; the others have no known size.
          if index.isMultiple(of: 4) { source.size = 10 }
        }
      }
    }
    #expect(sent.finishedCount == 20)
    let isComplete = (0..<20).filter { $0.isMultiple(of: 2) }
      .allSatisfy { files.stored["/stream-upload?name=large\($0)"] == [large] }
    #expect(isComplete)
  }

  @Test func `missing files fail alone`() async throws {
    let files = ReceivedFiles()
    let sent = try await withTemporaryDirectory { directory in
      try await withServer { peer in
        try files.accept(peer)
      } _: { server in
        try await TestUploads().sendEach(50, to: server.url, in: directory) { source, index in
          if index % 10 == 3 { unlink(directory.file("f\(index)")) }
        }
      }
    }
    #expect(sent.finishedCount == 45 && files.stored.count == 45)
    #expect(sent.all.count { $0.error?.code == .unreadableFile } == 5)
  }

  @Test func `a rejected file fails alone, with its own response`() async throws {
    let files = ReceivedFiles()
    let sent = try await withTemporaryDirectory { directory in
      try await withServer { peer in
        while let item = try files.next(peer) {
          if item.request.uri.hasSuffix("7") {
            try peer.send("HTTP/1.1 415 Unsupported Media Type\r\nContent-Length: 2\r\n\r\nno")
          } else {
            files.store(item)
            try peer.send(ReceivedFiles.kept)
          }
        }
      } _: { server in
        try await TestUploads().sendEach(100, to: server.url, in: directory)
      }
    }
    #expect(sent.finishedCount == 90 && sent.reason == nil)
    for (name, meters) in sent.meters {
      #expect((meters.first?.error?.message == "HTTP 415: no") == name.hasSuffix("7"))
    }
  }

  @Test func `responses with the sizes of other files are a mismatch`() async throws {
    let sent = try await withTemporaryDirectory { directory in
      try await withServer { peer in
        let files = ReceivedFiles()
        try files.accept(peer, most: 1)
        let items = try (0..<2).compactMap { _ in try files.next(peer) }
        for item in items.reversed() {
          let body = #"{"files":[{"name":"x","size":\#(item.body.count)}]}"#
          try peer.send("HTTP/1.1 201 Created\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)")
        }
        try files.accept(peer)
      } _: { server in
        try await TestUploads().sendEach(3, to: server.url, in: directory, jobs: 1)
      }
    }
    #expect(sent.finishedCount == 1)
    #expect(sent.all.count { $0.error?.code == .contentMismatch } == 2)
  }

  @Test func `the SHA-256 of a response is compared with the content`() async throws {
    let sent = try await withTemporaryDirectory { directory in
      try await withServer { peer in
        let files = ReceivedFiles()
        while let item = try files.next(peer) {
          let digest = item.request.uri.hasSuffix("1") ? Digest.of([0]) : Digest.of(item.body)
          let body = #"{"files":[{"name":"x","size":\#(item.body.count),"sha256":"\#(digest)"}]}"#
          try peer.send("HTTP/1.1 201 Created\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)")
        }
      } _: { server in
        try await TestUploads().sendEach(3, to: server.url, in: directory)
      }
    }
    #expect(sent.finishedCount == 2 && sent.meters["f1"]?.first?.error?.code == .contentMismatch)
  }

  @Test func `the rate limit applies to all files together`() async throws {
    let files = ReceivedFiles()
    var uploads = TestUploads()
    uploads.configuration.rate = 20_000
    let configured = uploads
    let start = ContinuousClock.now
    let sent = try await withTemporaryDirectory { directory in
      let paths = try (0..<10).map { try directory.write([UInt8](repeating: 1, count: 1000), to: "f\($0)") }
      let sources = paths.map { path in
        var source = UploadSource.file(path)
        source.size = 1000
        return source
      }
      return try await withServer { peer in
        try files.accept(peer)
      } _: { server in
        try await configured.sendEach(sources.async, to: server.url)
      }
    }
    #expect(sent.finishedCount == 10)
    #expect(ContinuousClock.now - start > .milliseconds(400))
  }
}
