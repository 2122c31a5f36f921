import HTTPTypes
import NIOCore

/// Tells a client that sends plain HTTP to a TLS port what is wrong: `http://` where `https://` is meant is the most common
/// mistake, and a connection that just ends says nothing.
///
/// First in the pipeline; removes itself with the first byte of any other client.
final class PlainRequestHandler: ChannelInboundHandler, RemovableChannelHandler {
  typealias InboundIn = ByteBuffer
  typealias OutboundOut = ByteBuffer

  private static let message = "This port speaks TLS: write https:// in place of http://."

  private let server: ServerContext
  /// What reads and discards after the response.
  private var lingering: LingeringClose?

  init(server: ServerContext) {
    self.server = server
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    let bytes = Self.unwrapInboundIn(data)
    if let lingering { return lingering.received(bytes.readableBytes) }
    // Methods are written in capital letters; TLS begins with a record of type 22 (RFC 8446 section 5.1).
    guard let first = bytes.getInteger(at: bytes.readerIndex, as: UInt8.self), (0x41...0x5A).contains(first) else {
      context.fireChannelRead(data)
      context.pipeline.syncOperations.removeHandler(self, promise: nil)
      return
    }
    let client = ClientAddress(context.remoteAddress)
    server.noteRejection(CurrentRequest(client: client), .badRequest, Self.message)
    context.writeAndFlush(Self.wrapOutboundOut(Self.response(to: bytes)), promise: nil)
    let lingering = LingeringClose(.unknown, of: client, server: server, context: context)
    self.lingering = lingering
    lingering.proceed()
  }

  func channelReadComplete(context: ChannelHandlerContext) {
    context.fireChannelReadComplete()
    // No handler behind asks for what is discarded here.
    if lingering != nil { context.read() }
  }

  func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    if lingering != nil, event as? ChannelEvent == .inputClosed { return context.close(promise: nil) }
    context.fireUserInboundEventTriggered(event)
  }

  func channelInactive(context: ChannelHandlerContext) {
    lingering?.stop()
    context.fireChannelInactive()
  }

  func handlerRemoved(context: ChannelHandlerContext) {
    lingering?.stop()
    lingering = nil
  }

  /// - Parameter request: the first bytes of the request. They are read for its `Accept` field only: a browser sends its
  ///   whole head at once, and any other client gets JSON.
  private static func response(to request: ByteBuffer) -> ByteBuffer {
    let lines = String(buffer: request).split(whereSeparator: \.isNewline)
    let accept = lines.first { $0.lowercased().hasPrefix("accept:") }?.dropFirst("accept:".count) ?? ""
    let prefersHTML = AcceptField.prefersHTML([.accept: String(accept.filter { $0.isASCII && $0 != "\0" })])
    let response = ServerResponse(failure: message, status: .badRequest)
      .shown(on: prefersHTML ? Page(PageLinks(path: "/", token: nil)) : nil, linksBack: false)
    var buffer = ByteBuffer(string: "HTTP/1.1 \(response.status)\r\nConnection: close\r\n")
    for field in response.fields { buffer.writeString("\(field.name): \(field.value)\r\n") }
    buffer.writeString("\r\n")
    buffer.writeImmutableBuffer(response.body)
    return buffer
  }
}
