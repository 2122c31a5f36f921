import NIOCore
import NIOHTTP1

/// Writes a request to a connection part by part; what stands around the content goes out with what it stands next to.
struct RequestWriter {
  /// What the encoder behind it takes.
  typealias Part = HTTPClientRequestPart

  private let request: UploadRequest
  private var isPrefixOut = false

  init(_ request: UploadRequest) {
    self.request = request
  }

  func writeHead(_ context: ChannelHandlerContext) {
    context.writeAndFlush(NIOAny(Part.head(request.head)), promise: nil)
  }

  /// - Parameter promise: completed when the socket has taken all of `data`, and all that was written before.
  mutating func writeContent(_ data: IOData, _ context: ChannelHandlerContext, promise: EventLoopPromise<Void>) {
    writePrefix(context)
    context.writeAndFlush(NIOAny(Part.body(data)), promise: promise)
  }

  /// - Parameter promise: completed when the socket has taken the whole request.
  mutating func writeEnd(_ context: ChannelHandlerContext, promise: EventLoopPromise<Void>) {
    writePrefix(context)
    write(request.suffix, context)
    context.writeAndFlush(NIOAny(Part.end(nil)), promise: promise)
  }

  private mutating func writePrefix(_ context: ChannelHandlerContext) {
    guard !isPrefixOut else { return }
    isPrefixOut = true
    write(request.prefix, context)
  }

  private func write(_ bytes: [UInt8], _ context: ChannelHandlerContext) {
    guard !bytes.isEmpty else { return }
    let buffer = context.channel.allocator.buffer(bytes: bytes)
    context.write(NIOAny(Part.body(.byteBuffer(buffer))), promise: nil)
  }
}
