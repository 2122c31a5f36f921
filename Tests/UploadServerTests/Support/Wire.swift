import NIOCore

/// The end of a pipeline towards the network: counts the reads that handlers request.
final class Wire: ChannelOutboundHandler {
  typealias OutboundIn = IOData

  private(set) var reads = 0
  /// The sending side was closed. Embedded channels themselves cannot close one direction alone.
  private(set) var outputIsClosed = false
  /// Whether the socket accepts no more bytes, so that written bytes are not flushed.
  var isFull = false

  func read(context: ChannelHandlerContext) {
    reads += 1
    context.read()
  }

  func flush(context: ChannelHandlerContext) {
    if !isFull { context.flush() }
  }

  func close(context: ChannelHandlerContext, mode: CloseMode, promise: EventLoopPromise<Void>?) {
    if mode == .output {
      outputIsClosed = true
      promise?.succeed()
    } else {
      context.close(mode: mode, promise: promise)
    }
  }
}
