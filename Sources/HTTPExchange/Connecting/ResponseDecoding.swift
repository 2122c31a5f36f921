package import NIOCore
package import NIOHTTP1

/// How the responses of servers and proxies are parsed.
package enum ResponseDecoding {
  /// A decoder for one connection, which forwards informational responses.
  ///
  /// Responses are short: the limits on their headers are far below NIO's default of 2 MiB for each connection.
  /// - Parameter leftOver: what happens to bytes behind a response when the decoder is removed.
  package static func handler(leftOver: RemoveAfterUpgradeStrategy) -> ByteToMessageHandler<HTTPResponseDecoder> {
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

extension HTTPResponseHead {
  /// Whether the server keeps the connection for another request after this response: HTTP/1.1 without `Connection: close`.
  /// HTTP/1.0 servers count as closing.
  package var keepsConnection: Bool { version == .http1_1 && isKeepAlive }
}
