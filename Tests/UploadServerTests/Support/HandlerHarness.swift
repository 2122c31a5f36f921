import NIOCore
import NIOEmbedded
import NIOHTTP1
import NIOHTTPTypesHTTP1
import Testing
import UploadCore
import UploadProtocol
import UploadStorage
import UploadTestSupport

@testable import UploadServer

/// A ``ConnectionHandler`` between a real HTTP codec and a stub of Hummingbird, without network, threads or real time:
/// bytes of requests in, bytes of responses out.
final class HandlerHarness {
  let channel: EmbeddedChannel
  let store: MemoryStore
  let ledger: UploadLedger
  let hummingbird = HummingbirdStub()
  let wire = Wire()
  let server: ServerContext
  let receiveBuffer: ReceiveBuffer
  /// The places of the connections that ``fillLingering()`` stands for.
  private var lingering: [PerClientCount.Place] = []
  /// The handler under test, which only its pipeline retains.
  private(set) weak var handler: ConnectionHandler?

  convenience init(
    limits: UploadLimits,
    digests: Set<DigestAlgorithm> = [],
    access: AccessGate = AccessGate()
  ) throws {
    let channel = EmbeddedChannel()
    let store = MemoryStore(eventLoop: channel.embeddedEventLoop)
    try self.init(channel, store, try Self.context(store, limits: limits, digests: digests, access: access))
  }

  /// A further connection of the same server.
  convenience init(beside other: HandlerHarness, address: String = "192.0.2.1") throws {
    let channel = EmbeddedChannel(handler: nil, loop: other.channel.embeddedEventLoop)
    try self.init(channel, other.store, other.server, address: address)
  }

  /// A connection of a server.
  init(
    _ channel: EmbeddedChannel,
    _ store: MemoryStore,
    _ context: ServerContext,
    address: String = "192.0.2.1"
  ) throws {
    (self.channel, self.store, server, ledger) = (channel, store, context, context.ledger)
    receiveBuffer = ReceiveBuffer(context)
    let handler = ConnectionHandler(server: context, eventLoop: channel.embeddedEventLoop, buffer: receiveBuffer)
    self.handler = handler
    let pipeline = channel.pipeline.syncOperations
    try pipeline.addHandler(wire)
    try pipeline.addHandler(DecoderGuard(handler, receiveBuffer, context.unfinishedHeaders))
    try pipeline.configureHTTPServerPipeline(withPipeliningAssistance: false, withErrorHandling: false)
    try pipeline.addHandler(RequestRulesHandler(handler))
    try pipeline.addHandler(HTTP1ToHTTPServerCodec(secure: false))
    try pipeline.addHandler(handler)
    try pipeline.addHandler(hummingbird)
    channel.connect(to: try SocketAddress(ipAddress: address, port: 4711), promise: nil)
  }

  /// What the connections of a server share.
  static func context(
    _ store: MemoryStore,
    limits: UploadLimits,
    digests: Set<DigestAlgorithm> = [],
    access: AccessGate = AccessGate(),
    publicURL: String? = nil
  ) throws -> ServerContext {
    ServerContext(
      store: store,
      budget: try MemoryBudget(limit: 64 << 20),
      ledger: UploadLedger(),
      limits: limits,
      digests: digests,
      access: access,
      publicURL: publicURL
    )
  }

  /// The client sends these bytes.
  func send(_ text: String) throws {
    try channel.writeInbound(ByteBuffer(string: text))
    channel.embeddedEventLoop.run()
  }

  /// The client has the most other connections that are allowed on which rejected bodies are discarded.
  func fillLingering() {
    let client = ClientAddress(channel.remoteAddress).key
    while let place = server.lingering.begin(client) { lingering.append(place) }
  }

  /// The client closes its sending side.
  func sendEnd() {
    channel.pipeline.fireUserInboundEventTriggered(ChannelEvent.inputClosed)
    channel.embeddedEventLoop.run()
  }

  /// The connection is closed.
  /// - Parameter error: the error with which it failed; nil when the client closed it.
  func disconnect(_ error: (any Error)? = nil) {
    if let error {
      channel.pipeline.fireErrorCaught(error)
    } else {
      channel.close(promise: nil)
    }
    channel.embeddedEventLoop.run()
  }

  /// The server begins a graceful shutdown.
  func quiesce() {
    channel.pipeline.fireUserInboundEventTriggered(ChannelShouldQuiesceEvent())
    channel.embeddedEventLoop.run()
  }

  /// The store publishes the files that wait for that, and the connection continues.
  func finishPublishing() {
    store.finishPublishing()
    channel.embeddedEventLoop.run()
  }

  func advance(_ seconds: Int64) {
    channel.embeddedEventLoop.advanceTime(by: .seconds(seconds))
  }

  /// The bytes that have been sent to the client since the last call.
  func received() throws -> String {
    var text = ""
    while let data = try channel.readOutbound(as: IOData.self) {
      if case .byteBuffer(let bytes) = data { text += String(buffer: bytes) }
    }
    return text
  }

  /// The status codes sent to the client since the last call.
  func statuses() throws -> [Int] {
    let marker = "HTTP/1.1 "
    let text = Array(try received().utf8)
    var found: [Int] = []
    for start in text.indices where text[start...].starts(with: marker.utf8) {
      let digits = text[start...].dropFirst(marker.utf8.count).prefix(3)
      found.append(Int(String(decoding: digits, as: UTF8.self)) ?? 0)
    }
    return found
  }

  var isOpen: Bool { channel.isActive }

  func advance(milliseconds: Int64) {
    channel.embeddedEventLoop.advanceTime(by: .milliseconds(milliseconds))
  }

  /// How many reads of the socket follow when the event loop requests one.
  func readsOnTurn() -> Int {
    let before = wire.reads
    channel.read()
    return wire.reads - before
  }
}

/// Runs `body` with a harness, and checks that no upload is active when its connection is closed.
func withHandler(
  limits: UploadLimits = UploadLimits(),
  digests: Set<DigestAlgorithm> = [],
  access: AccessGate = AccessGate(),
  _ body: (HandlerHarness) throws -> Void
) async throws {
  let harness = try HandlerHarness(limits: limits, digests: digests, access: access)
  try body(harness)
  _ = try? harness.channel.finish(acceptAlreadyClosed: true)
  harness.store.sinks.forEach { $0.finishStaging() }
  harness.store.finishPublishing()
  #expect(harness.ledger.activeCount(.incoming) == 0, "every upload has ended")
  #expect(harness.server.perClient?.clients ?? 0 == 0, "no address counts as having one")
}

/// The text of a request with a `Host` field, and with a `Content-Length` for its body if it has one.
func request(_ line: String, _ fields: [String] = [], body: String? = nil) -> String {
  var lines = [line + " HTTP/1.1", "Host: localhost"] + fields
  if let body { lines.append("Content-Length: \(body.utf8.count)") }
  return lines.joined(separator: "\r\n") + "\r\n\r\n" + (body ?? "")
}
