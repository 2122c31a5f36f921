import NIOCore

/// Where a request comes from, as far as that can be believed.
struct ClientAddress: Sendable, Equatable {
  /// As events show it: with its port where that is known.
  let text: String
  /// The address alone, without a port.
  let host: String
  /// What counts as one client. With IPv6 that is a network of 64 bits, since everybody has that many addresses.
  let key: String

  /// The other end of a connection.
  init(_ address: SocketAddress?) {
    guard let address, let host = address.ipAddress else {
      (text, self.host, key) = ("unknown", "unknown", "unknown")
      return
    }
    let port = address.port ?? 0
    text = host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
    self.host = host
    key = IPAddress(address)?.network ?? host
  }

  /// An address that a trusted proxy names.
  init(_ address: IPAddress) {
    (text, host, key) = (address.text, address.text, address.network)
  }
}
