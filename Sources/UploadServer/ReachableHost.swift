import NIOCore

/// The host to name to people when the server listens on every address of the machine, since `0.0.0.0` or `::` leads nowhere from
/// another one.
enum ReachableHost {
  /// `host` itself, or for all addresses one that others on the network reach: of the same family where there is one.
  /// - Parameter addresses: the machine's own.
  static func host(for host: String, addresses: [SocketAddress]) -> String {
    guard ListenHost.isWildcard(host) else { return host }
    let isV6 = host.contains(":")
    let outside = addresses.filter { !isLocal($0) }
    let isV4 = { (address: SocketAddress) in address.protocol == .inet }
    let best = outside.first { isV4($0) } ?? (isV6 ? outside.first : nil)
    return best?.ipAddress ?? (isV6 ? "::1" : "127.0.0.1")
  }

  /// The machine's own addresses; none when they cannot be read.
  static var addresses: [SocketAddress] {
    (try? System.enumerateDevices())?.compactMap(\.address) ?? []
  }

  /// Whether an address means something on this machine or this link alone.
  private static func isLocal(_ address: SocketAddress) -> Bool {
    guard let text = address.ipAddress else { return true }
    return text.hasPrefix("127.") || text.hasPrefix("169.254.") || text == "::1" || text.lowercased().hasPrefix("fe80:")
  }
}
