import HTTPExchange
import NIOPosix
import Synchronization
import UploadTestSupport

@testable import UploadStorageS3

/// An engine on a loopback port that responds as a test says.
struct FakeEngine {
  struct Request {
    let head: Peer.Request
    let body: [UInt8]
    /// How many requests came before, on all connections.
    let index: Int
    /// How many connections came before its own.
    let connection: Int
  }

  enum Reply {
    /// A complete response, after which the connection is kept.
    /// - Parameter headers: each with the line end behind it.
    case response(String, headers: String = "", body: String = "")
    /// An error as engines send it.
    case error(String, code: String, headers: String = "")
    /// Bytes that are no complete response, before the connection is closed.
    case cut(String)
    case reset
    /// Nothing is sent, and nothing is closed.
    case silence

    static let ok = Reply.response("200 OK")
  }

  /// All requests, in the order in which they were received completely.
  final class Log: Sendable {
    private let entries = Mutex<[Request]>([])
    private let connections = Mutex(0)

    var requests: [Request] { entries.withLock { $0 } }

    func connected() -> Int {
      connections.withLock { count in
        defer { count += 1 }
        return count
      }
    }

    func add(_ head: Peer.Request, _ body: [UInt8], _ connection: Int) -> Request {
      entries.withLock { entries in
        let request = Request(head: head, body: body, index: entries.count, connection: connection)
        entries.append(request)
        return request
      }
    }
  }

  /// A client for an engine at a port, with few and short pauses between its attempts.
  static func client(
    port: Int,
    isSecure: Bool = false,
    configure: (inout S3Configuration) throws -> Void = { _ in }
  ) throws -> S3Client {
    var configuration = S3Configuration(
      endpoint: S3Endpoint(isSecure: isSecure, address: HostAndPort(host: "127.0.0.1", port: port)),
      bucket: "bucket",
      region: "us-east-1",
      addressing: .path,
      credentials: try S3Credentials(accessKeyID: "AKIAX", secretAccessKey: "hush")
    )
    configuration.retry.attempts = 4
    configuration.retry.patience = .zero
    configuration.retry.firstPause = .milliseconds(1)
    configuration.retry.longestPause = .milliseconds(5)
    try configure(&configuration)
    return S3Client(configuration, eventLoopGroup: MultiThreadedEventLoopGroup.singleton, threadPool: .singleton)
  }

  /// Runs `body` with a client and an engine that replies to each of its requests.
  static func run(
    configure: (inout S3Configuration) -> Void = { _ in },
    reply: @escaping @Sendable (Request) -> Reply,
    isolation: isolated (any Actor)? = #isolation,
    _ body: (S3Client, Log) async throws -> Void
  ) async throws {
    let log = Log()
    try await withServer { peer in
      let connection = log.connected()
      while let head = try? peer.readHead() {
        let body = head["Content-Length"] == nil ? [] : try peer.readBody(of: head)
        let request = log.add(head, body, connection)
        guard try perform(reply(request), on: peer, head.method) else { return }
      }
    } _: { server in
      try await body(try client(port: server.port, configure: configure), log)
    }
  }

  /// - Returns: whether the connection can serve another request.
  private static func perform(_ reply: Reply, on peer: Peer, _ method: String) throws -> Bool {
    switch reply {
    case .response(let status, let headers, let body):
      // A length in the headers is that of a response to HEAD.
      let length = headers.lowercased().contains("content-length") ? "" : "Content-Length: \(body.utf8.count)\r\n"
      try peer.send("HTTP/1.1 \(status)\r\n\(length)\(headers)\r\n\(method == "HEAD" ? "" : body)")
      return true
    case .error(let status, let code, let headers):
      let body = "<?xml version=\"1.0\"?>\n<Error><Code>\(code)</Code><Message>As scripted.</Message></Error>"
      return try perform(
        .response(status, headers: "Content-Type: application/xml\r\n" + headers, body: body),
        on: peer,
        method
      )
    case .cut(let text):
      try peer.send(text)
      peer.finish()
      peer.drain()
      return false
    case .reset:
      peer.reset()
      return false
    case .silence:
      peer.drain()
      return false
    }
  }
}

extension S3Failure {
  /// The failure of a call that must fail.
  static func thrown<Value>(
    isolation: isolated (any Actor)? = #isolation,
    by body: () async throws(S3Failure) -> Value
  ) async -> S3Failure? {
    do throws(S3Failure) {
      _ = try await body()
      return nil
    } catch {
      return error
    }
  }
}
