import UploadCore

/// Why a proxy did not open a tunnel to the server.
enum TunnelFailure: Equatable {
  /// - Parameter reason: the reason phrase of the proxy, unchecked.
  case rejected(status: Int, reason: String)
  /// The proxy closed the connection without a response.
  case disconnected
  /// The response is not HTTP, has too large headers, too many informational responses before it, or bytes behind it.
  case malformed
  case timedOut

  /// The most of a reason phrase that a message quotes, in characters.
  private static let quotedLength = 60

  /// The failure to report: temporary where the proxy or the way behind it may work again.
  /// - Parameter timeout: how long the proxy was allowed to take.
  func error(_ proxy: ProxyServer, _ origin: HTTPOrigin, timeout: Duration) -> ConnectFailure {
    let server = origin.authority
    switch self {
    case .rejected(let status, let reason):
      let text = reason.isEmpty ? "" : " " + PlainText.sanitized(String(reason.prefix(Self.quotedLength)))
      let message = "The proxy \(proxy) rejected the connection to \(server): \(status)\(text). "
      return ConnectFailure(
        error: UploadError(.refusedByServer, message + Self.advice(status, proxy, origin)),
        isTemporary: [429, 502, 503, 504].contains(status)
      )
    case .disconnected:
      let message =
        "The proxy \(proxy) closed the connection without connecting to \(server). "
        + "Check that \(proxy.source) names an HTTP proxy."
      return ConnectFailure(error: UploadError(.connectionLost, message), isTemporary: true)
    case .malformed:
      let message =
        "The response of the proxy \(proxy) is not HTTP. "
        + "Check the proxy's port in \(proxy.source), and whether the proxy expects https."
      return ConnectFailure(error: UploadError(.badAnswer, message))
    case .timedOut:
      let message =
        "The proxy \(proxy) did not connect to \(server) within \(timeout.formattedSeconds). "
        + "Check the address, and whether the proxy can reach it."
      return ConnectFailure(error: UploadError(.unreachable, message), isTemporary: true)
    }
  }

  private static func advice(_ status: Int, _ proxy: ProxyServer, _ origin: HTTPOrigin) -> String {
    switch status {
    case 407: "It \(proxy.credentialsAdvice)"
    case 502, 503, 504: "Check the address, and whether the proxy can reach it."
    case 401, 403, 451:
      "Ask the proxy's administrator to allow it. If the server can be reached without the proxy, "
        + "add \(origin.address.host) to no_proxy."
    case _: "Check that \(proxy.source) names an HTTP proxy that allows CONNECT to this port."
    }
  }
}

extension ProxyServer {
  /// What this proxy requires with the status 407 and what to do, as the rest of a sentence about it.
  package var credentialsAdvice: String {
    authorization == nil
      ? "needs a user name and password: add them to the proxy's URL in \(source), "
        + "as http://USER:PASSWORD@HOST:PORT."
      : "does not accept the user name and password in its URL. Check them in \(source)."
  }
}
