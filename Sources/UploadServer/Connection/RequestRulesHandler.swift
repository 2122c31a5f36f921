import NIOCore
import NIOHTTP1
import UploadCore

/// Checks every request against ``RequestRules``. One that breaks them becomes an error of the channel, and all input after
/// it is discarded.
final class RequestRulesHandler: ChannelInboundHandler {
  typealias InboundIn = HTTPServerRequestPart
  typealias InboundOut = HTTPServerRequestPart

  private let handler: ConnectionHandler

  /// - Parameter handler: later in the pipeline; ignores all input after an error.
  init(_ handler: ConnectionHandler) {
    self.handler = handler
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    guard !handler.machine.input.isIgnored else { return }
    guard case .head(let head) = unwrapInboundIn(data) else { return context.fireChannelRead(data) }
    do {
      context.fireChannelRead(wrapInboundOut(.head(try RequestRules.checked(head))))
    } catch {
      context.fireErrorCaught(error)
    }
  }
}

extension UploadError {
  /// The reason to reject a request that the decoder or ``RequestRulesHandler`` cannot accept.
  /// - Parameter error: an error of the channel.
  /// - Returns: nil for other errors, such as a broken connection.
  static func unreadable(_ error: any Error) -> UploadError? {
    guard let error = error as? HTTPParserError else { return error as? UploadError }
    switch error {
    case .invalidEOFState, .closedConnection: return .incompleteBody(error)
    case .headerOverflow:
      let limits = "16 KiB for the address and for each field, 64 KiB and 128 fields in total"
      return UploadError(.badRequest, "The request headers are too long. Limits: \(limits).", cause: error)
    default: return UploadError(.badRequest, "Malformed HTTP request (\(error)).", cause: error)
    }
  }
}
