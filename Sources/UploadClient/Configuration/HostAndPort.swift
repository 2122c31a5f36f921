/// The name or address of a server or proxy, and its port.
package struct HostAndPort: Sendable, Hashable {
  /// An IPv6 address is without brackets, and may have a zone: `fe80::1%eth0`.
  package let host: String
  package let port: Int

  /// The text for people and for request lines: `127.0.0.1:8080`, `[::1]:80`, `[fe80::1%eth0]:80`.
  package var text: String { "\(Self.bracketed(host)):\(port)" }

  /// The zone of an IPv6 address: a network interface's name or number; nil without one.
  var zone: String? {
    guard host.contains(":"), let percent = host.firstIndex(of: "%") else { return nil }
    return String(host[host.index(after: percent)...])
  }

  /// The host as a peer can use it: an IPv6 address in brackets and without its zone, which is valid on this machine only
  /// (RFC 6874 section 1).
  var hostForPeers: String {
    Self.bracketed(zone == nil ? host : String(host.prefix { $0 != "%" }))
  }

  private static func bracketed(_ host: String) -> String {
    host.contains(":") ? "[\(host)]" : host
  }
}
