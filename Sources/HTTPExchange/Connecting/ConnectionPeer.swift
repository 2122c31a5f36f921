import UploadCore

/// A program at the other end of a connection, as far as it is established: the origin's server, or a proxy.
package enum ConnectionPeer {
  /// - Parameter proxy: through which the server is reached; nil when it is directly.
  case server(HTTPOrigin, through: ProxyServer?)
  /// - Parameter trust: how an https proxy's certificate is verified.
  case proxy(ProxyServer, ServerTrust)

  var address: HostAndPort {
    switch self {
    case .server(let origin, _): origin.address
    case .proxy(let proxy, _): proxy.address
    }
  }

  var trust: ServerTrust {
    switch self {
    case .server(let origin, _): origin.trust
    case .proxy(_, let trust): trust
    }
  }

  /// The peer within a sentence: `host:443`, `host:443 (through the proxy proxy:3128)`, `the proxy proxy:3128`.
  package var name: String {
    switch self {
    case .server(let origin, nil): origin.authority
    case .server(let origin, let proxy?): "\(origin.authority) (through the proxy \(proxy))"
    case .proxy(let proxy, _): "the proxy \(proxy)"
    }
  }

  /// ``name`` at the beginning of a sentence.
  var subject: String {
    switch self {
    case .server: name
    case .proxy(let proxy, _): "The proxy \(proxy)"
    }
  }

  /// What the peer is.
  var kind: String {
    switch self {
    case .server: "server"
    case .proxy: "proxy"
    }
  }

  /// What a user should check when the address may be wrong: a proxy's is often set elsewhere, so its origin is
  /// named.
  var addressToCheck: String {
    switch self {
    case .server: "the address"
    case .proxy(let proxy, _): "the proxy's address in \(proxy.source)"
    }
  }

  /// What a user should check when the port may be wrong.
  var portToCheck: String {
    switch self {
    case .server: "the port"
    case .proxy(let proxy, _): "the proxy's port in \(proxy.source)"
    }
  }
}
