import NIOCore
import UploadStorage

/// Closes a connection that got one of the process's last descriptors. The limit on connections avoids
/// that, but does not know the descriptors that the process inherited or opens for other purposes.
final class DescriptorLimitHandler: ChannelInboundHandler, RemovableChannelHandler {
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
