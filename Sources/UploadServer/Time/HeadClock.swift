import NIOCore

/// Stands before the HTTP decoder and tells the upload handler that bytes have come, of which the decoder may make
/// nothing yet: a head that comes a byte at a time must not keep a connection for ever. Behind the last request nothing
/// goes to the decoder, which would keep all of it.
final class HeadClock: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer
  typealias InboundOut = ByteBuffer

  private let handler: UploadHandler

  init(_ handler: UploadHandler) {
    self.handler = handler
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    guard !handler.hasLastRequest else { return handler.bytesWereDropped(unwrapInboundIn(data).readableBytes) }
    handler.bytesCame()
    context.fireChannelRead(data)
    handler.bytesWereDecoded()
  }
}
