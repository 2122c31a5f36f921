import NIOCore
import NIOHTTP1

/// How the responses of servers and proxies are parsed.
enum ResponseDecoding {
  /// A decoder for one connection, which forwards informational responses.
  ///
  /// Responses are short: the limits on their headers are far below NIO's default of 2 MiB for each connection.
  /// - Parameter leftOver: what happens to bytes behind a response when the decoder is removed.
  static func handler(leftOver: RemoveAfterUpgradeStrategy) -> ByteToMessageHandler<HTTPResponseDecoder> {
    var limits = NIOHTTPDecoderLimitConfiguration()
    limits.maxHeaderFieldSize = 16 * 1024
    limits.maxHeaderListSize = 64 * 1024
    limits.maxHeaderFieldCount = 128
    return ByteToMessageHandler(
      HTTPResponseDecoder(
        leftOverBytesStrategy: leftOver,
        informationalResponseStrategy: .forward,
        limitConfiguration: limits
      )
    )
  }
}
