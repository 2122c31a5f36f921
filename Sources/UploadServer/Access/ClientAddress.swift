import NIOCore
import UploadProtocol

/// What access control knows of a request besides its headers.
struct RequestSource: Sendable {
  /// The other end of the connection; nil when it is not known.
  let peer: SocketAddress?
  /// The server's port of the connection; nil when it is not known.
  let port: Int?
  /// Where the request comes from, as ``AccessGate/client(of:from:)`` says.
  let client: ClientAddress
  /// What a token of this client on this connection has proved before; nil for nothing. Then wrong tokens from its
  /// address do not block it; each request still needs the token.
  let authenticated: AccessRole?
  /// When it arrived, in seconds since 1970.
  let date: Int64
}

/// A client that has presented a right token on a connection.
struct AuthenticatedClient: Sendable, Equatable {
  /// ``ClientAddress/key``.
  let key: String
  /// What its token allows.
  let role: AccessRole
}

/// The address of a request's or a raw connection's client, as far as it can be trusted.
struct ClientAddress: Sendable, Equatable {
  /// The address as events show it, with its port where that is known: `192.0.2.1:4711`, `[2001:db8::1]:4711`. One that
  /// a proxy reports has neither port nor brackets; `unknown` without an IP address.
  let text: String
  /// The address alone, without port and brackets.
  let host: String
  /// The same for all addresses that count as one client, for limits per client; see ``IPAddress/network``.
  let key: String

  /// The other end of a connection, with its port; "unknown" when there is no IP address.
  init(_ address: SocketAddress?) {
    let host = address?.ipAddress ?? "unknown"
    let port = address?.port.map { ":\($0)" } ?? ""
    text = (host.contains(":") ? "[\(host)]" : host) + port
    self.host = host
    key = address.flatMap { IPAddress($0) }?.network ?? host
  }

  /// An address that a trusted proxy reports, without a port.
  init(_ address: IPAddress) {
    (text, host, key) = (address.text, address.text, address.network)
  }
}
