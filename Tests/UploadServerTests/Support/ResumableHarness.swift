import NIOCore
import NIOEmbedded
import Testing
import UploadCore
import UploadProtocol
import UploadStorage
import UploadTestSupport

@testable import UploadServer

/// A server whose store keeps unfinished uploads, in memory, with connections that share one event loop.
final class ResumableHarness {
  let store: MemoryUnfinishedStore
  /// The first connection.
  let first: HandlerHarness
  private var others: [HandlerHarness] = []

  init(
    limits: UploadLimits,
    digests: Set<DigestAlgorithm> = [],
    access: AccessGate = AccessGate(),
    publicURL: String? = nil
  ) throws {
    let channel = EmbeddedChannel()
    let files = MemoryStore(eventLoop: channel.embeddedEventLoop)
    store = MemoryUnfinishedStore(files)
    files.unfinished = store
    let context = try HandlerHarness.context(
      files,
      limits: limits,
      digests: digests,
      access: access,
      publicURL: publicURL
    )
    first = try HandlerHarness(channel, files, context)
  }

  var files: MemoryStore { first.store }
  var ledger: UploadLedger { first.ledger }
  var loop: EmbeddedEventLoop { first.channel.embeddedEventLoop }

  var uploads: ResumableUploads {
    get throws { try #require(first.server.resumable) }
  }

  /// A further connection.
  func connect(address: String = "192.0.2.1") throws -> HandlerHarness {
    let connection = try HandlerHarness(beside: first, address: address)
    others.append(connection)
    return connection
  }

  /// Creates an upload without bytes on the first connection.
  /// - Parameter length: nil for one that is not known.
  /// - Returns: its path.
  func create(_ name: String = "a.txt", length: Int? = nil) throws -> String {
    let fields = ["Upload-Complete: ?0", "Content-Length: 0"] + (length.map { ["Upload-Length: \($0)"] } ?? [])
    let reply = try first.reply(to: request("PUT /" + name, fields))
    #expect(reply.status == 201)
    return try #require(reply.path)
  }

  /// Creates an upload of tus on the first connection.
  func createTus(_ fields: [String]) throws -> String {
    let reply = try first.reply(to: request("POST /uploads", tus(fields)))
    #expect(reply.status == 201)
    return try #require(reply.path)
  }

  fileprivate func close() {
    for connection in [first] + others { _ = try? connection.channel.finish(acceptAlreadyClosed: true) }
    store.sinks.forEach { $0.finish() }
    store.finishSteps()
    loop.run()
  }
}

/// Runs `body` with a harness, and checks that in the end every upload has either ended or is interrupted.
func withResumable(
  limits: UploadLimits = UploadLimits(),
  digests: Set<DigestAlgorithm> = [],
  access: AccessGate = AccessGate(),
  publicURL: String? = nil,
  _ body: (ResumableHarness) throws -> Void
) async throws {
  let harness = try ResumableHarness(limits: limits, digests: digests, access: access, publicURL: publicURL)
  try body(harness)
  harness.close()
  let uploads = try harness.uploads
  #expect(harness.ledger.activeCount(.incoming) == uploads.idleCount, "every upload has ended or is interrupted")
  #expect(harness.store.records.keys.allSatisfy { !uploads.turns.isTaken($0) }, "no request has its turn for ever")
  #expect(harness.first.server.perClient?.clients ?? 0 == 0, "no address counts as having an upload")
}

/// The header fields of a PATCH request of the IETF draft.
func append(at offset: Int, complete: Bool, _ more: [String] = []) -> [String] {
  [
    "Content-Type: application/partial-upload", "Upload-Offset: \(offset)",
    "Upload-Complete: \(complete ? "?1" : "?0")",
  ] + more
}

/// The header fields of a request of tus.
func tus(_ fields: [String] = []) -> [String] { ["Tus-Resumable: 1.0.0"] + fields }

/// The header fields of a PATCH request of tus.
func tusAppend(at offset: Int, _ more: [String] = []) -> [String] {
  tus(["Content-Type: application/offset+octet-stream", "Upload-Offset: \(offset)"] + more)
}

/// What a client has received: the last response, and the statuses of all.
struct Reply {
  /// Of all responses, interim ones included.
  let statuses: [Int]
  /// From the first byte of the last response on.
  let text: String

  /// The status of the last response; 0 without one.
  var status: Int { statuses.last ?? 0 }

  /// The value of a header field of the last response; nil where it has none.
  subscript(name: String) -> String? {
    let lines = (text.split(separator: "\r\n\r\n").first ?? "").split(separator: "\r\n")
    let prefix = name.lowercased() + ": "
    let line = lines.first { $0.lowercased().hasPrefix(prefix) }
    return line.map { String($0.dropFirst(prefix.count)) }
  }

  /// The path of `Location`.
  var path: String? { self["Location"]?.split(separator: "/uploads/").last.map { "/uploads/\($0)" } }
}

extension HandlerHarness {
  /// What is received after these bytes have been sent.
  func reply(to text: String) throws -> Reply {
    try send(text)
    return try reply()
  }

  /// What has been received since the last call.
  func reply() throws -> Reply {
    var (statuses, last) = ([Int](), "")
    for part in try received().split(separator: "HTTP/1.1 ") {
      statuses.append(Int(part.prefix(3)) ?? 0)
      last = String(part)
    }
    return Reply(statuses: statuses, text: last)
  }

  /// Sends a request, and expects the status of its response.
  func expect(
    _ status: Int,
    from line: String,
    _ fields: [String] = [],
    body: String? = nil,
    sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    let reply = try reply(to: request(line, fields, body: body))
    #expect(reply.status == status, "\(line)", sourceLocation: sourceLocation)
  }
}
