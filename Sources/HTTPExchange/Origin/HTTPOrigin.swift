/// A server of HTTP requests: scheme, host and port (RFC 9110 section 4.3.1), and how it is authenticated. Connections to one
/// origin can serve the same requests.
package struct HTTPOrigin: Sendable, Hashable {
  /// Whether connections are encrypted: `https`.
  package let isSecure: Bool
  /// To connect to, directly or by a proxy.
  package let address: HostAndPort
  /// How the server's certificate is verified; without meaning unless ``isSecure``.
  package let trust: ServerTrust

  /// - Parameter port: nil for the scheme's default: 443 for https and 80 otherwise.
  package init(isSecure: Bool, host: String, port: Int?, trust: ServerTrust) {
    self.isSecure = isSecure
    self.trust = trust
    address = HostAndPort(host: host, port: port ?? Self.defaultPort(isSecure: isSecure))
  }

  /// `http` or `https`.
  package var scheme: String { isSecure ? "https" : "http" }

  /// Host and port for people: `127.0.0.1:8080`, `[::1]:80`, `[fe80::1%eth0]:80`.
  package var authority: String { address.text }

  /// The value of the Host header field: without the port where it is the scheme's default (RFC 9110 section 7.2).
  package var hostField: String {
    let name = address.hostForPeers
    return address.port == Self.defaultPort(isSecure: isSecure) ? name : "\(name):\(address.port)"
  }

  private static func defaultPort(isSecure: Bool) -> Int { isSecure ? 443 : 80 }
}
