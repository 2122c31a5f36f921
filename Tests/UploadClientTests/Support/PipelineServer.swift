import Synchronization
import Testing
import UploadCore
import UploadTestSupport

@testable import UploadClient

/// What a server of small files has received; each connection's script tells it.
final class ReceivedFiles: Sendable {
  private struct State {
    var connections = 0
    var requests: [Peer.Request] = []
    /// The bodies that the server has accepted, by the target of the request.
    var stored: [String: [[UInt8]]] = [:]
  }

  private let state = Mutex(State())

  /// The number of a new connection, from 1.
  func connect() -> Int {
    state.withLock { state in
      state.connections += 1
      return state.connections
    }
  }

  var connections: Int { state.withLock { $0.connections } }
  var requests: [Peer.Request] { state.withLock { $0.requests } }
  var stored: [String: [[UInt8]]] { state.withLock { $0.stored } }

  /// Reads the next request with its body; nil when the client has closed the connection.
  func next(_ peer: Peer) throws -> (request: Peer.Request, body: [UInt8])? {
    guard let request = try? peer.readHead() else { return nil }
    state.withLock { $0.requests.append(request) }
    guard request.method != "GET" else { return (request, []) }
    guard let body = try? peer.readBody(of: request) else { return nil }
    return (request, body)
  }

  /// Notes that the server has stored a file.
  func store(_ item: (request: Peer.Request, body: [UInt8])) {
    state.withLock { $0.stored[item.request.uri, default: []].append(item.body) }
  }

  /// Stores all files that arrive on a connection, and responds to requests for what is stored.
  /// - Parameter most: so many requests.
  func accept(_ peer: Peer, most: Int = .max, response: String = ReceivedFiles.kept) throws {
    var count = 0
    while count < most, let item = try next(peer) {
      try peer.send(serve(item, response))
      count += 1
    }
  }

  /// Performs a request as a server does.
  /// - Parameter response: for a file that is stored.
  /// - Returns: the response.
  func serve(_ item: (request: Peer.Request, body: [UInt8]), _ response: String = ReceivedFiles.kept) -> [UInt8] {
    let found = stored[item.request.uri]?.first
    guard item.request.method == "GET" else {
      guard found == nil || item.request["If-None-Match"] == nil else { return Self.empty("412 Precondition Failed") }
      store(item)
      return Array(response.utf8)
    }
    guard let found else { return Self.empty("404 Not Found") }
    let last = item.request["Range"]?.split(separator: "-").last.flatMap { Int($0) } ?? found.count
    let body = found.prefix(last + 1)
    return Array("HTTP/1.1 206 Partial Content\r\nContent-Length: \(body.count)\r\n\r\n".utf8) + body
  }

  /// A response without a body, after which the connection is kept.
  static func empty(_ status: String) -> [UInt8] { Array("HTTP/1.1 \(status)\r\nContent-Length: 0\r\n\r\n".utf8) }

  static let kept = "HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n"
  static let last = "HTTP/1.1 201 Created\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
}

/// The results of ``Uploader/sendEach(_:to:mode:jobs:group:onEnd:)`` for files called `f0`, `f1` and so on.
struct SentFiles {
  /// By name; each source has exactly one.
  var meters: [String: [UploadMeter]] = [:]
  var reason: UploadError?

  var all: [UploadMeter] { meters.values.flatMap { $0 } }
  var finishedCount: Int { all.count { $0.finished != nil } }
}

extension TestUploads {
  /// Sends `count` files; file number n has n % 40 + 1 bytes, each of them n.
  func sendEach(
    _ count: Int,
    to url: String,
    in directory: TemporaryDirectory,
    jobs: Int? = nil,
    group: UploadGroup? = nil,
    change: (inout UploadSource, Int) -> Void = { _, _ in }
  ) async throws -> SentFiles {
    var sources: [UploadSource] = []
    for index in 0..<count {
      let bytes = Self.content(index)
      var source = UploadSource.file(try directory.write(bytes, to: "f\(index)"))
      source.size = UInt64(bytes.count)
      change(&source, index)
      sources.append(source)
    }
    return try await sendEach(sources.async, to: url, jobs: jobs, group: group)
  }

  func sendEach<S: AsyncSequence & Sendable>(
    _ sources: S,
    to url: String,
    jobs: Int? = nil,
    group: UploadGroup? = nil
  ) async throws -> SentFiles where S.Element == UploadSource, S.Failure == Never {
    let ended = Mutex<[String: [UploadMeter]]>([:])
    let target = try SendTarget(url, token: "secret")
    let reason = await uploader.sendEach(sources, to: target, mode: .stream, jobs: jobs, group: group) {
      source,
      meter in
      ended.withLock { $0[source.name, default: []].append(meter) }
    }
    let meters = ended.withLock { $0 }
    #expect(meters.values.allSatisfy { $0.count == 1 })
    #expect(ledger.activeCount(.outgoing) == 0)
    return SentFiles(meters: meters, reason: reason)
  }

  static func content(_ index: Int) -> [UInt8] {
    [UInt8](repeating: UInt8(truncatingIfNeeded: index), count: index % 40 + 1)
  }
}

extension Array where Element: Sendable {
  /// The elements as they would arrive.
  var async: AsyncStream<Element> {
    AsyncStream { continuation in
      for element in self { continuation.yield(element) }
      continuation.finish()
    }
  }
}
