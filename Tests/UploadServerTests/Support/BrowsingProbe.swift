import HTTPTypes
import Hummingbird
import Logging
import NIOCore
import NIOEmbedded
import NIOPosix
import UploadCore
import UploadStorage
import UploadTestSupport

@testable import UploadServer

/// Requests to the routes that read a store, without a network.
struct BrowsingProbe {
  struct Reply {
    let status: Int
    let fields: HTTPFields
    /// Of the body; those of the announced response alone where sending it has failed.
    let bytes: [UInt8]
    /// Why sending the body failed; nil where it did not.
    let failure: (any Error)?

    var text: String { String(decoding: bytes, as: UTF8.self) }
  }

  let store: any UploadStore
  var rules = PathRules()
  var profile = ServerProfile()
  /// The memory for listings and more, in bytes.
  var memory = UInt64(MemoryBudget.minimum)
  var ledger = UploadLedger()

  static func store() -> MemoryStore {
    MemoryStore(eventLoop: MultiThreadedEventLoopGroup.singleton.next())
  }

  /// Requests a path.
  func get(
    _ path: String,
    method: HTTPRequest.Method = .get,
    as type: String? = nil,
    _ fields: HTTPFields = [:]
  ) async throws -> Reply {
    let channel = try await NIOAsyncTestingChannel.connected()
    let budget = try MemoryBudget(limit: memory)
    let routes = BrowsingRoutes(store: store, budget: budget, ledger: ledger, rules: rules, profile: profile)
    let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
    let context = BrowsingContext(source: ApplicationRequestContextSource(channel: channel, logger: logger))
    var head = HTTPRequest(method: method, scheme: nil, authority: nil, path: path)
    head.headerFields = fields
    head.headerFields[.accept] = type
    let request = Request(head: head, body: .init(buffer: ByteBuffer()))
    let response = try await routes.router().buildResponder().respond(to: request, context: context)
    var failure: (any Error)?
    do {
      try await response.body.write(BodyWriter(channel: channel))
    } catch {
      failure = error
    }
    let bytes = try await channel.sentBytes()
    _ = try? await channel.finish(acceptAlreadyClosed: true)
    return Reply(status: response.status.code, fields: response.headers, bytes: bytes, failure: failure)
  }
}
