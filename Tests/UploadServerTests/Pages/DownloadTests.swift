import HTTPTypes
import Hummingbird
import NIOCore
import NIOEmbedded
import NIOPosix
import Testing
import UploadCore
import UploadStorage
import UploadTestSupport

@testable import UploadServer

/// Downloads of files whose content arrives in buffers, from a store that has no disk.
@Suite struct DownloadTests {
  private static let content = Array("0123456789".utf8)

  /// Runs `body` with a download of a file that arrives in buffers of three bytes.
  /// - Parameter size: the size that the store states; nil for that of the content.
  private func withDownload(
    size: UInt64? = nil,
    _ body: (Download, NIOAsyncTestingChannel) async throws -> Void
  ) async throws {
    let channel = try await NIOAsyncTestingChannel.connected()
    let store = MemoryStore(eventLoop: channel.eventLoop)
    store.add("a", Self.content, bufferSize: 3, size: size)
    let found = try await store.open("a")
    let file = try #require(found)
    let budget = try MemoryBudget(limit: UInt64(MemoryBudget.minimum))
    try await body(Download(file: file, stored: file.file, budget: budget, channel: channel), channel)
    _ = try? await channel.finish(acceptAlreadyClosed: true)
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
  func `a download sends the requested bytes of a file's buffers in their order`(
    range: String?,
    status: Int,
    expected: String
  ) async throws {
    try await withDownload { download, channel in
      let response = try download.response(to: get(range))
      #expect(response.status.code == status)
      #expect(response.body.contentLength == expected.utf8.count)
      try await response.body.write(BodyWriter(channel: channel))
      let chunks = try await channel.sentChunks()
      #expect(chunks.joined() == expected)
      #expect(chunks.allSatisfy { $0.utf8.count <= 3 })
    }
  }

  @Test(arguments: [(11, "0123456789"), (9, "012345678"), (8, "012345")] as [(UInt64, String)])
  func `a download of a file that is shorter or longer than announced fails, and sends no byte beyond that length`(
    announced: UInt64,
    expected: String
  ) async throws {
    try await withDownload(size: announced) { download, channel in
      let response = try download.response(to: get())
      #expect(response.body.contentLength == Int(announced))
      let error = try await #require(throws: UploadError.self) {
        try await response.body.write(BodyWriter(channel: channel))
      }
      #expect(error.code == .storageFailed)
      let sent = try await channel.sentChunks().joined()
      #expect(sent == expected)
    }
  }

  @Test(arguments: [(20, "0123456789"), (5, "012")] as [(UInt64, String)])
  func `the connection is closed when a downloaded file is shorter or longer than announced`(
    announced: UInt64,
    expected: String
  ) async throws {
    let store = MemoryStore(eventLoop: MultiThreadedEventLoopGroup.singleton.next())
    store.add("a", Self.content, bufferSize: 3, size: announced)
    try await RunningServer.with(store: store) { server in
      // Returns only once the server has closed the connection.
      let response = try await WireClient.exchange(request("GET /files/a"), port: server.port)
      #expect(response.hasPrefix("HTTP/1.1 200 "))
      #expect(response.lowercased().contains("\r\ncontent-length: \(announced)\r\n"))
      #expect(response.hasSuffix("\r\n\r\n" + expected), "\(response)")
    }
  }
}
