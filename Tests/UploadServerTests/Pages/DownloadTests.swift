import HTTPTypes
import Hummingbird
import NIOCore
import NIOEmbedded
import NIOHTTPTypes
import Testing
import UploadCore
import UploadStorage
import UploadTestSupport

@testable import UploadServer

/// Downloads of files whose content arrives in buffers, from a store that is no local directory.
@Suite struct DownloadTests {
  /// A download is complete without trailers.
  private struct Writer: ResponseBodyWriter {
    mutating func write(_ buffer: ByteBuffer) async throws {}
    consuming func finish(_ trailingHeaders: HTTPFields?) async throws {}
  }

  /// Stores a file in memory, and runs `body` with a download of it.
  private func withDownload(
    of content: String,
    _ body: (Download, NIOAsyncTestingChannel) async throws -> Void
  ) async throws {
    let channel = NIOAsyncTestingChannel()
    try await channel.connect(to: SocketAddress(ipAddress: "192.0.2.1", port: 4711)).get()
    let file = try await storing(content)
    let download = Download(
      file: file,
      stored: file.file,
      workers: WorkerPool(threads: 1),
      budget: try MemoryBudget(limit: UInt64(MemoryBudget.minimum)),
      channel: channel
    )
    try await body(download, channel)
    _ = try? await channel.finish(acceptAlreadyClosed: true)
  }

  private func storing(_ content: String) async throws -> any OpenFile {
    var file: (any OpenFile)?
    try await withHandler { harness in
      try harness.send(request("PUT /a", body: content))
      file = harness.store.open("a", bufferSize: 3)
    }
    return try #require(file)
  }

  private func get(_ range: String? = nil) -> Request {
    var head = HTTPRequest(method: .get, scheme: nil, authority: nil, path: "/files/a")
    head.headerFields[.range] = range
    return Request(head: head, body: .init(buffer: ByteBuffer()))
  }

  @Test(
    arguments: [(nil, 200, "0123456789"), ("bytes=2-8", 206, "2345678"), ("bytes=-1", 206, "9")]
      as [(String?, Int, String)]
  )
  func `buffers of a file are sent in their order`(range: String?, status: Int, expected: String) async throws {
    try await withDownload(of: "0123456789") { download, channel in
      let response = try download.response(to: get(range))
      #expect(response.status.code == status)
      #expect(response.body.contentLength == expected.utf8.count)
      try await response.body.write(Writer())
      var pieces: [String] = []
      while let part = try await channel.readOutbound(as: HTTPResponsePart.self) {
        if case .body(let buffer) = part { pieces.append(String(buffer: buffer)) }
      }
      #expect(pieces.joined() == expected)
      #expect(pieces.allSatisfy { $0.utf8.count <= 3 })
    }
  }

  @Test func `a file that ends early is not sent as complete`() async throws {
    try await withDownload(of: "0123456789") { download, _ in
      let file = CutFile(file: download.file.file, version: download.file.version)
      let cut = Download(
        file: file,
        stored: download.stored,
        workers: download.workers,
        budget: download.budget,
        channel: download.channel
      )
      let response = try cut.response(to: get())
      let error = try await #require(throws: UploadError.self) { try await response.body.write(Writer()) }
      #expect(error.code == .storageFailed)
    }
  }
}

/// A file whose content ends after one byte.
private struct CutFile: OpenFile {
  let file: StoredFile
  let version: FileVersion

  func content(in range: Range<UInt64>) -> FileContent {
    .buffers(
      AsyncThrowingStream { continuation in
        continuation.yield(ByteBuffer(string: "0"))
        continuation.finish()
      }
    )
  }
}
