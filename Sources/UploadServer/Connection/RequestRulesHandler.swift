import NIOCore
import NIOHTTP1
import UploadCore

/// Holds every request to ``RequestRules``; one that breaks them becomes an error, and nothing after it is let through.
final class RequestRulesHandler: ChannelInboundHandler {
  typealias InboundIn = HTTPServerRequestPart
  typealias InboundOut = HTTPServerRequestPart

  private var isBroken = false

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    guard !isBroken else { return }
    guard case .head(let head) = unwrapInboundIn(data) else { return context.fireChannelRead(data) }
    do {
      context.fireChannelRead(wrapInboundOut(.head(try RequestRules.checked(head))))
    } catch {
      isBroken = true
      context.fireErrorCaught(error)
    }
  }
}

extension UploadError {
  /// Why requests cannot be read any more, where an error of the channel says so; nil for all others.
  static func unreadable(_ error: any Error) -> UploadError? {
    error as? UploadError ?? (error as? HTTPParserError).map { parsing($0) }
  }

  /// What the decoder could not read.
  private static func parsing(_ error: HTTPParserError) -> UploadError {
    switch error {
    case .invalidEOFState, .closedConnection: .incompleteBody(error)
    case .headerOverflow:
      UploadError(
        .badRequest,
        "The head is too long: 16 KiB for the address and for a field, 64 KiB and 128 fields in all.",
        cause: error
      )
    default: UploadError(.badRequest, "That is not a well-formed HTTP request (\(error)).", cause: error)
    }
  }
}
