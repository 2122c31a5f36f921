import NIOCore

/// The end of a pipeline towards the network: counts what handlers ask of it.
final class Wire: ChannelOutboundHandler {
  typealias OutboundIn = IOData

  private(set) var reads = 0
  /// The sending side was closed; embedded channels know no halves.
  private(set) var outputIsClosed = false
  /// Whether the socket takes what is written.
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
