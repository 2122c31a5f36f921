import HTTPTypes
import NIOCore

/// Rejects a plain HTTP request on the TLS port with a message: `http://` for `https://` is the most common mistake,
/// and a connection that just ends does not explain it.
///
/// Stands before the TLS handler; removes itself when the first byte is not the start of a plain request.
final class PlainRequestHandler: ChannelInboundHandler, RemovableChannelHandler {
  typealias InboundIn = ByteBuffer
  typealias OutboundOut = ByteBuffer

  private static let message = "This port requires TLS. Use https:// instead of http://."

  private let server: ServerContext
  /// Reads and discards the input after the response; nil before it.
  private var lingering: LingeringClose?

  init(server: ServerContext) {
    self.server = server
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    let bytes = Self.unwrapInboundIn(data)
    if let lingering { return lingering.received(bytes.readableBytes) }
    // Methods begin with a capital letter, TLS with a record of type 22 (RFC 8446 section 5.1).
    guard let first = bytes.getInteger(at: bytes.readerIndex, as: UInt8.self), (0x41...0x5A).contains(first) else {
      context.fireChannelRead(data)
      context.pipeline.syncOperations.removeHandler(self, promise: nil)
      return
    }
    let client = ClientAddress(context.remoteAddress)
    server.noteRejection(CurrentRequest(client: client), .badRequest, Self.message)
    context.writeAndFlush(Self.wrapOutboundOut(Self.response(to: bytes)), promise: nil)
    lingering = LingeringClose(.unknown, of: client, server: server, context: context)
    lingering?.proceed()
  }

  func channelReadComplete(context: ChannelHandlerContext) {
    context.fireChannelReadComplete()
    // No later handler reads the input that is discarded here.
    if lingering != nil { context.read() }
  }

  func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    if lingering != nil, event as? ChannelEvent == .inputClosed { return context.close(promise: nil) }
    context.fireUserInboundEventTriggered(event)
  }

  func handlerRemoved(context: ChannelHandlerContext) {
    lingering?.stop()
    lingering = nil
  }

  /// The whole response, as a page with a link to the same host over TLS for a browser, and as JSON for other clients.
  /// - Parameter request: the first bytes of the request.
  private static func response(to request: ByteBuffer) -> ByteBuffer {
    let page = UndecodedRequest(request).pageOverTLS
    let response = ServerResponse(failure: message, status: .badRequest).shown(on: page)
    var buffer = ByteBuffer(string: "HTTP/1.1 \(response.status)\r\nConnection: close\r\n")
    for field in response.fields { buffer.writeString("\(field.name): \(field.value)\r\n") }
    buffer.writeString("\r\n")
    buffer.writeImmutableBuffer(response.body)
    return buffer
  }
}
