import HTTPTypes
import NIOCore

/// Tells whoever asks without TLS on a port that speaks it what is wrong: `http://` where `https://` is meant is the
/// mistake that everybody makes, and a connection that just ends says nothing.
///
/// First in the pipeline; out of it again with the first byte of everybody else.
final class PlainRequestHandler: ChannelInboundHandler, RemovableChannelHandler {
  typealias InboundIn = ByteBuffer
  typealias OutboundOut = ByteBuffer

  /// How long the rest of the request is read and dropped: closing at once would take away the answer.
  private static let patience = TimeAmount.seconds(1)

  private var hasAnswered = false

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    guard !hasAnswered else { return }
    // Methods are written in capital letters; TLS begins with a record of type 22 (RFC 8446 section 5.1).
    let bytes = Self.unwrapInboundIn(data)
    guard let first = bytes.getInteger(at: bytes.readerIndex, as: UInt8.self), (0x41...0x5A).contains(first) else {
      context.fireChannelRead(data)
      context.pipeline.syncOperations.removeHandler(self, promise: nil)
      return
    }
    hasAnswered = true
    context.write(Self.wrapOutboundOut(Self.answer), promise: nil)
    context.flush()
    context.close(mode: .output, promise: nil)
    context.eventLoop.assumeIsolated().scheduleTask(in: Self.patience) { context.close(promise: nil) }
  }

  private static var answer: ByteBuffer {
    let answer = Answer(refusing: "This port speaks TLS: write https:// in place of http://.", status: .badRequest)
    var buffer = ByteBuffer(string: "HTTP/1.1 \(answer.status)\r\nConnection: close\r\n")
    for field in answer.fields { buffer.writeString("\(field.name): \(field.value)\r\n") }
    buffer.writeString("\r\n")
    buffer.writeImmutableBuffer(answer.body)
    return buffer
  }
}
