import HTTPTypes
import NIOCore
import NIOHTTPTypes

/// Takes the place of Hummingbird's handlers: responds to every request with its path, at once or when ``respond()`` is
/// called. Like Hummingbird it handles the parts of a read only once the read is complete.
final class HummingbirdStub: ChannelInboundHandler {
  typealias InboundIn = HTTPRequestPart
  typealias OutboundOut = HTTPResponsePart

  /// The methods and paths of the requests that were forwarded.
  private(set) var requests: [String] = []
  private(set) var bodyBytes = 0
  private(set) var quiesceEvents = 0
  private(set) var inputClosedEvents = 0
  var respondsImmediately = true
  /// The status of its responses.
  var status = 200
  private var buffered: [HTTPRequestPart] = []
  private var waiting: [String] = []
  private var context: ChannelHandlerContext?

  func handlerAdded(context: ChannelHandlerContext) {
    self.context = context
  }

  func handlerRemoved(context: ChannelHandlerContext) {
    self.context = nil
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    buffered.append(unwrapInboundIn(data))
  }

  func channelReadComplete(context: ChannelHandlerContext) {
    let parts = buffered
    buffered = []
    parts.forEach(take)
  }

  private func take(_ part: HTTPRequestPart) {
    switch part {
    case .head(let request): requests.append("\(request.method.rawValue) \(request.path ?? "")")
    case .body(let bytes): bodyBytes += bytes.readableBytes
    case .end:
      waiting.append(requests.last ?? "")
      if respondsImmediately { respond() }
    }
  }

  func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    if event is ChannelShouldQuiesceEvent { quiesceEvents += 1 }
    if event as? ChannelEvent == .inputClosed { inputClosedEvents += 1 }
  }

  /// Responds to the oldest request that waits.
  func respond() {
    guard let context, !waiting.isEmpty else { return }
    let body = ByteBuffer(string: "hummingbird: \(waiting.removeFirst())\n")
    let fields: HTTPFields = [.contentLength: "\(body.readableBytes)"]
    context.write(wrapOutboundOut(.head(HTTPResponse(status: .init(code: status), headerFields: fields))), promise: nil)
    context.write(wrapOutboundOut(.body(body)), promise: nil)
    context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
    if quiesceEvents > 0 { context.close(promise: nil) }
  }
}
