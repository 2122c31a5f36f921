package import NIOCore
package import NIOHTTP1

/// What an exchange sends, where its response goes, and what becomes of its connection. Called on the connection's event loop.
package protocol ExchangeDelegate: AnyObject {
  /// The headers of the request, with its framing fields.
  var head: HTTPRequestHead { get }
  /// Bytes of the body before the content.
  var prefix: [UInt8] { get }
  /// Bytes of the body after the content.
  var suffix: [UInt8] { get }
  /// Watches the exchange; nil where nothing does. Asked for once.
  var monitor: (any ExchangeMonitor)? { get }

  /// The bytes of one write: where the content is read in chunks, those that were read last.
  /// - Parameter range: offsets in the content.
  /// - Throws: when there are no such bytes, or not in one chunk.
  func chunk(_ range: Range<UInt64>) throws -> IOData
  /// Reads the bytes that ``chunk(_:)`` then returns, on a thread pool.
  /// - Parameters:
  ///   - range: offsets in the content; nil for the next bytes of a stream.
  ///   - limit: the most bytes to read of a stream, at least 1.
  /// - Returns: completed on `loop`.
  func read(_ range: Range<UInt64>?, atMost limit: UInt64, on loop: any EventLoop) -> EventLoopFuture<ContentReading>
  /// Checks on a thread pool that the source of the content has not changed.
  /// - Returns: completed on `loop`; it fails when the source has changed.
  func check(on loop: any EventLoop) -> EventLoopFuture<Void>
  /// The error of the source for an error number that sendfile reports when a file cannot be read; nil where the content is not
  /// sent by sendfile.
  func sourceError(_ code: CInt) -> (any Error)?

  /// The headers of a response were received, informational ones included.
  /// - Returns: whether it may be the response to the request: false ends the exchange.
  func accepts(_ response: ExchangeResponse) -> Bool
  /// Receives the next bytes of a success's body, if ``ExchangeStateMachine/Plan/passesResponseBody`` is set.
  func receive(_ bytes: ByteBuffer) -> ExchangeReception
  /// Receives a connection that can serve another request, after this response.
  func keep(_ channel: any Channel, after response: ExchangeResponse)
}

extension ExchangeDelegate {
  package var prefix: [UInt8] { [] }
  package var suffix: [UInt8] { [] }
  package var monitor: (any ExchangeMonitor)? { nil }

  package func accepts(_ response: ExchangeResponse) -> Bool { true }
}

/// What a read of the content of a request has returned.
package enum ContentReading: Sendable, Equatable {
  /// This many bytes were read, and there may be more to read.
  case bytes(Int)
  /// The source has ended; nothing was read.
  case end
  /// No byte was available for some time: read again.
  case nothingYet
}

/// What the receiver of a response's body does with the bytes that it was given.
package enum ExchangeReception {
  /// They are used.
  case used
  /// They are used, and nothing more of the body is needed: the response is truncated.
  case last
  /// They are used when the future succeeds. When it fails, nothing more is needed, and the exchange fails with
  /// ``ExchangeFailure/receiverFailed``. The connection is not read meanwhile.
  case later(EventLoopFuture<Void>)
}

/// Watches an exchange, and limits its rate. Called on the connection's event loop.
package protocol ExchangeMonitor: AnyObject {
  /// The most bytes in the next chunk; nil for no limit.
  var chunkLimit: Int? { get }
  /// When to call ``observe(_:_:)`` at the latest, after the whole body is sent; nil where that is not needed.
  var deadline: NIODeadline? { get }

  /// The exchange begins.
  /// - Parameter onLimitChange: to be called from any thread when the limits on the rate have changed, until ``ended(_:)``.
  func begins(_ context: ChannelHandlerContext, onLimitChange: @escaping @Sendable () -> Void)
  /// Something has happened.
  func progressed(_ exchange: borrowing ExchangeStateMachine)
  /// The socket has accepted the chunk that was written last (``BodyStateMachine/currentChunkSize``).
  /// - Returns: how long limits delay the next one.
  func pause(after body: BodyStateMachine, at now: NIODeadline) -> TimeAmount
  /// The limits on the rate have changed.
  /// - Returns: how long they delay the next chunk.
  func limitChanged(_ body: BodyStateMachine, at now: NIODeadline) -> TimeAmount
  /// Called often while the connection is open: after each write, and as time passes.
  func observe(_ body: BodyStateMachine, _ context: ChannelHandlerContext)
  /// The connection is about to be closed or kept, perhaps by the server: the response to the whole body begins. Called more
  /// than once.
  func connectionEnds(_ body: BodyStateMachine, _ context: ChannelHandlerContext)
  /// The exchange has ended.
  func ended(_ context: ChannelHandlerContext)
}
