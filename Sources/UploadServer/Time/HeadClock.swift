import NIOCore

/// Stands before the HTTP decoder and tells the upload handler that bytes have come, of which the decoder may make
/// nothing yet: a head that comes a byte at a time must not keep a connection for ever. Behind the last request nothing
/// goes to the decoder, which would keep all of it. And the receive buffer hears what the decoder made of a read.
///
/// What the decoder keeps of unfinished headers is counted by the bytes of which it made no part of a request. Where that
/// would miss headers behind a part, in the same read, the decoder gets ``step`` bytes at a time: it misses fewer then.
final class HeadClock: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer
  typealias InboundOut = ByteBuffer

  /// In bytes.
  private static let step = 4 * 1024

  private let handler: UploadHandler
  private let buffer: ReceiveBuffer

  init(_ handler: UploadHandler, _ buffer: ReceiveBuffer) {
    self.handler = handler
    self.buffer = buffer
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    var bytes = unwrapInboundIn(data)
    let count = bytes.readableBytes
    handler.bytesCame(count)
    guard !handler.hasLastRequest else { return }
    var parts = 0
    while !handler.hasLastRequest, context.channel.isActive {
      let size = handler.mayMissHeaders ? min(Self.step, bytes.readableBytes) : bytes.readableBytes
      guard size > 0, let piece = bytes.readSlice(length: size) else { break }
      handler.partsDecoded = 0
      context.fireChannelRead(wrapInboundOut(piece))
      parts += handler.partsDecoded
      handler.countUnfinishedHead(size)
    }
    handler.reportUnfinishedHead()
    buffer.noteParts(parts, of: count)
    handler.bytesWereDecoded()
  }
}
