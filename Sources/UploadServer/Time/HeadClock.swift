import NIOCore

/// Stands before the HTTP decoder and tells the upload handler that bytes have come, of which the decoder may make
/// nothing yet: a head that comes a byte at a time must not keep a connection for ever. Behind the last request nothing
/// goes to the decoder, which would keep all of it. And the receive buffer hears what the decoder made of a read.
final class HeadClock: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer
  typealias InboundOut = ByteBuffer

  private let handler: UploadHandler
  private let buffer: ReceiveBuffer

  init(_ handler: UploadHandler, _ buffer: ReceiveBuffer) {
    self.handler = handler
    self.buffer = buffer
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    let count = unwrapInboundIn(data).readableBytes
    guard !handler.hasLastRequest else { return handler.bytesWereDropped(count) }
    handler.bytesCame()
    handler.partsDecoded = 0
    context.fireChannelRead(data)
    buffer.noteParts(handler.partsDecoded, of: count)
    handler.bytesWereDecoded()
  }
}
