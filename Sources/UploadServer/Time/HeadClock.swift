import NIOCore

/// Stands before the HTTP decoder and tells the upload handler that bytes have come, of which the decoder may make
/// nothing yet: a head that comes a byte at a time must not keep a connection for ever.
final class HeadClock: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer
  typealias InboundOut = ByteBuffer

  private let handler: UploadHandler

  init(_ handler: UploadHandler) {
    self.handler = handler
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    handler.bytesCame()
    context.fireChannelRead(data)
    handler.bytesWereDecoded()
  }
}
