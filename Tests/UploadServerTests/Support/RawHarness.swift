import NIOCore
import NIOEmbedded
import UploadCore
import UploadStorage
import UploadTestSupport

@testable import UploadServer

/// A ``RawUploadHandler`` without network, threads or real time.
final class RawHarness {
  let channel: EmbeddedChannel
  let store: MemoryStore
  let ledger = UploadLedger()
  let wire = Wire()
  let server: ServerContext
  /// The handler under test, which only its pipeline retains.
  private(set) weak var handler: RawUploadHandler?

  init(limits: UploadLimits) throws {
    channel = EmbeddedChannel()
    store = MemoryStore(eventLoop: channel.embeddedEventLoop)
    let budget = try MemoryBudget(limit: 64 << 20)
    let context = ServerContext(store: store, budget: budget, ledger: ledger, limits: limits)
    server = context
    let handler = RawUploadHandler(server: context, eventLoop: channel.embeddedEventLoop, buffer: nil)
    self.handler = handler
    try channel.pipeline.syncOperations.addHandler(wire)
    try channel.pipeline.syncOperations.addHandler(handler)
    channel.connect(to: try SocketAddress(ipAddress: "2001:db8::1", port: 4711), promise: nil)
  }

  var isOpen: Bool { channel.isActive }

  func send(_ text: String) throws {
    try channel.writeInbound(ByteBuffer(string: text))
    channel.embeddedEventLoop.run()
  }

  /// An inbound event of the channel happens, such as the end of the input.
  func fire(_ event: any Sendable) {
    channel.pipeline.fireUserInboundEventTriggered(event)
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

  func advance(_ seconds: Int64) {
    channel.embeddedEventLoop.advanceTime(by: .seconds(seconds))
  }

  func received() throws -> String {
    var text = ""
    while let bytes = try channel.readOutbound(as: ByteBuffer.self) { text += String(buffer: bytes) }
    return text
  }

  /// How many reads of the socket follow when the event loop requests one.
  func readsOnTurn() -> Int {
    let before = wire.reads
    channel.read()
    return wire.reads - before
  }

  /// Runs `body` with a harness.
  static func with(limits: UploadLimits = UploadLimits(), _ body: (RawHarness) throws -> Void) async throws {
    let harness = try RawHarness(limits: limits)
    try body(harness)
    _ = try? harness.channel.finish(acceptAlreadyClosed: true)
  }
}
