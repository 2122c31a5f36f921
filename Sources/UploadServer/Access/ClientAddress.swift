import NIOCore
import UploadProtocol

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
