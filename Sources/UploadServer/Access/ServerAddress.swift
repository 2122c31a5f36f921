import NIOCore
package import UploadProtocol

/// Where a running server can be reached.
package struct ServerAddress: Sendable, Equatable {
  /// A name or an address, without brackets.
  let host: String
  /// The port of HTTP.
  package let port: Int
  /// The raw listener's port; nil without one.
  package var rawPort: Int?
  /// The fingerprint of the certificate that clients see; nil without TLS.
  package var fingerprint: CertificateFingerprint?

  /// For clients on this machine or its network: `http://127.0.0.1:8080`, or with `https` where the server uses TLS.
  package var url: String {
    // The % before a zone is written %25 in a URL (RFC 6874).
    let authority = host.contains(":") ? "[\(host.replacing("%", with: "%25"))]" : host
    return "\(fingerprint == nil ? "http" : "https")://\(authority):\(port)"
  }
}

/// The host to show to people when the server listens on every address of the machine: `0.0.0.0` or `::` cannot be reached
/// from another machine.
enum ReachableHost {
  /// `host` itself, or in place of a wildcard an address that others on the network can reach: IPv4 if there is one.
  /// - Parameter addresses: the machine's own.
  static func host(for host: String, addresses: [SocketAddress]) -> String {
    guard ListenHost.isWildcard(host) else { return host }
    let isV6 = host.contains(":")
    let outside = addresses.filter { !isLocal($0) }
    let best = outside.first { $0.protocol == .inet } ?? (isV6 ? outside.first : nil)
    return best?.ipAddress ?? (isV6 ? "::1" : "127.0.0.1")
  }

  /// The machine's own addresses; none when they cannot be read.
  static var addresses: [SocketAddress] {
    (try? System.enumerateDevices())?.compactMap(\.address) ?? []
  }

  /// Whether an address has a meaning on this machine or this link alone.
  private static func isLocal(_ address: SocketAddress) -> Bool {
    guard let text = address.ipAddress else { return true }
    return text.hasPrefix("127.") || text.hasPrefix("169.254.") || text == "::1" || text.lowercased().hasPrefix("fe80:")
  }
}
