import NIOCore
package import UploadProtocol

/// Where a running server can be reached.
package struct ServerAddress: Sendable, Equatable {
  /// For clients on this machine or its network: `http://127.0.0.1:8080`, with `https` where it speaks TLS.
  package var url: String
  package var port: Int
  /// The raw listener's port; nil without one.
  package var rawPort: Int?

  /// Of the certificate that clients see; nil without TLS.
  package var fingerprint: CertificateFingerprint?

  init(host: String, port: Int, rawPort: Int?, fingerprint: CertificateFingerprint? = nil) {
    // A zone's % is written %25 in a URL (RFC 6874).
    let written = host.contains(":") ? "[\(host.split(separator: "%").joined(separator: "%25"))]" : host
    url = "\(fingerprint == nil ? "http" : "https")://\(written):\(port)"
    self.port = port
    self.rawPort = rawPort
    self.fingerprint = fingerprint
  }
}

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
