import NIOCore
import UploadCore

/// Stands before the HTTP decoder, which keeps the bytes of headers that are not complete: tells the connection that bytes
/// arrived, so that headers sent a byte at a time do not keep it for ever; counts the memory that unfinished headers take,
/// as long as no token has been presented; and gives the decoder nothing behind the last request, since it would keep all
/// of that.
///
/// Unfinished headers are the bytes of which the decoder made no part of a request. Where that would miss headers behind a
/// part in the same read, the decoder gets ``step`` bytes at a time, so that it misses fewer.
final class DecoderGuard: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer
  typealias InboundOut = ByteBuffer

  /// In bytes.
  private static let step = 4 * 1024

  private let handler: ConnectionHandler
  private let buffer: ReceiveBuffer
  private let unfinishedHeaders: UnfinishedHeaders
  /// Bytes of headers in the decoder that are not complete.
  private var unfinishedBytes = 0
  /// Under which they are counted; nil while they are not.
  private var entry: UnfinishedHeaders.Entry?

  init(_ handler: ConnectionHandler, _ buffer: ReceiveBuffer, _ unfinishedHeaders: UnfinishedHeaders) {
    self.handler = handler
    self.buffer = buffer
    self.unfinishedHeaders = unfinishedHeaders
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    var bytes = unwrapInboundIn(data)
    let count = bytes.readableBytes
    handler.bytesArrived(count)
    guard !handler.machine.ignoresInput else { return }
    var parts = 0
    while !handler.machine.ignoresInput, context.channel.isActive {
      let size = handler.machine.mayReceiveHeaders ? min(Self.step, bytes.readableBytes) : bytes.readableBytes
      guard size > 0, let piece = bytes.readSlice(length: size) else { break }
      handler.machine.beginDecoding()
      context.fireChannelRead(wrapInboundOut(piece))
      parts += handler.machine.decodedParts
      unfinishedBytes = handler.machine.isInHeaders ? unfinishedBytes + size : 0
    }
    countUnfinishedBytes(context)
    buffer.noteParts(parts, of: count)
    handler.bytesDecoded()
  }

  func channelInactive(context: ChannelHandlerContext) {
    context.fireChannelInactive()
    stopCounting()
  }

  /// Tells the server how much that is, which may have another connection, or this one, closed.
  private func countUnfinishedBytes(_ context: ChannelHandlerContext) {
    guard unfinishedBytes > 0, handler.machine.authenticatedClient == nil, context.channel.isActive else {
      return stopCounting()
    }
    if let entry { return unfinishedHeaders.set(unfinishedBytes, of: entry) }
    let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
    let eventLoop = context.eventLoop
    entry = unfinishedHeaders.add(unfinishedBytes) {
      eventLoop.execute { bound.value.0.evict(bound.value.1) }
    }
  }

  /// The headers are complete, or the connection is gone.
  private func stopCounting() {
    guard let entry else { return }
    self.entry = nil
    unfinishedHeaders.remove(entry)
  }

  /// The server holds too many bytes of unfinished headers, and these are the oldest.
  private func evict(_ context: ChannelHandlerContext) {
    guard entry != nil else { return }
    entry = nil
    // Nothing can be sent before the response to the request that is being served, and the memory is wanted now.
    guard handler.machine.isAtRest else { return context.close(promise: nil) }
    let limit = ByteSize.text(UInt64(UnfinishedHeaders.limit))
    handler.rejectUnfinishedHeaders(
      UploadError(
        .headersTooLarge,
        "The server holds more than \(limit) of unfinished request headers. Send the headers at once, and try again."
      ),
      lingering: .evicted
    )
  }
}
