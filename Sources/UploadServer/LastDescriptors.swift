import NIOCore
import UploadStorage

/// Closes a connection that got one of the process's last descriptors. There are not to be so many connections; but what
/// the process was started with, and what else it opens, nobody can know beforehand.
final class LastDescriptors: ChannelInboundHandler, RemovableChannelHandler {
  typealias InboundIn = ByteBuffer

  func channelActive(context: ChannelHandlerContext) {
    let isOne = try? context.pipeline.syncOperations.withUnsafeTransportIfAvailable(of: NIOBSDSocket.Handle.self) {
      DescriptorReserve.contains($0)
    }
    if isOne ?? false { return context.close(promise: nil) }
    context.fireChannelActive()
    context.pipeline.syncOperations.removeHandler(self, promise: nil)
  }
}
