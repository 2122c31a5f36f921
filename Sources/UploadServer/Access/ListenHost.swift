import Glibc
import NIOCore
package import UploadCore
package import UploadProtocol

/// Reads the address to listen on as people write it: `127.0.0.1`, `[::1]`, `*`, `fe80::1%eth0`, `files.example`.
package enum ListenHost {
  /// `text` as the resolver reads it: without brackets, with `::` or `0.0.0.0` for `*`, with the zone of a link-local
  /// address after a plain `%`, without any other zone, and with a short form of IPv4 such as `127.1` or `0`
  /// completed. Names are not resolved here.
  /// - Throws: ``UploadError`` with code `badValue` for what cannot be an address or a name, such as an empty text, one
  ///   with a port or a scheme, a number except `0`, or a zone that is no network interface of this machine.
  package static func normalized(_ text: String) throws(UploadError) -> String {
    guard !text.isEmpty else {
      throw UploadError(.badValue, "--host is empty. Write 127.0.0.1, an interface's address, or * for all of them.")
    }
    if text.contains("://") { throw failure(text, "is a URL. Write the address alone, and the port with --port") }
    if text == "*" { return wildcard() }
    let isBracketed = text.hasPrefix("[") && text.hasSuffix("]")
    let address = isBracketed ? text.dropFirst().dropLast() : text[...]
    if address.contains(":") { return try version6(address, of: text) }
    guard !isBracketed else { throw failure(text, "has no IPv6 address between [ and ]") }
    guard text.utf8.allSatisfy({ $0 > 0x20 && $0 != 0x7F && !"/?#%[]@\\".utf8.contains($0) }) else {
      throw failure(text, "is neither an address nor the name of a host")
    }
    guard text == "0" || !text.utf8.allSatisfy(\.isDigit) else {
      throw failure(text, "is a number, not an address. A port is given with --port")
    }
    return version4(text) ?? text
  }

  /// Whether a host that has been ``normalized(_:)`` means all addresses of the machine: `0.0.0.0` or `::`.
  static func isWildcard(_ host: String) -> Bool {
    IPAddress(host)?.bytes.allSatisfy { $0 == 0 } ?? false
  }

  /// A ``normalized(_:)`` host without the zone of an IPv6 address: `fe80::1` for `fe80::1%eth0`, others unchanged.
  static func withoutZone(_ host: String) -> String {
    host.contains(":") ? String(host.prefix { $0 != "%" }) : host
  }

  /// An IPv6 address as the resolver reads it, with its zone where it needs one.
  /// - Parameters:
  ///   - address: without brackets.
  ///   - text: the whole text, for the error message.
  private static func version6(_ address: Substring, of text: String) throws(UploadError) -> String {
    let plain = address.prefix { $0 != "%" }
    guard plain.contains(":"), IPAddress(plain) != nil else {
      let hasPort = text.hasPrefix("[") || text.count { $0 == ":" } == 1
      let reason = hasPort ? "has a port. Write the address alone, and the port with --port" : "is not an IPv6 address"
      throw failure(text, reason)
    }
    guard plain.endIndex < address.endIndex else { return String(plain) }
    let zone = InterfaceZone.decoded(address[address.index(after: plain.endIndex)...])
    guard InterfaceZone.exists(zone) else {
      throw failure(text, "names no network interface of this machine after the %. There are \(InterfaceZone.names)")
    }
    return InterfaceZone.belongs(to: plain) ? "\(plain)%\(zone)" : String(plain)
  }

  /// The historic short forms of IPv4 (`127.1`, `0`, `0x7f.1`) as a complete address; nil for all other texts.
  private static func version4(_ text: String) -> String? {
    guard IPAddress(text) == nil else { return nil }
    return withUnsafeTemporaryAllocation(of: in_addr.self, capacity: 1) { address in
      guard inet_aton(text, address.baseAddress) == 1 else { return nil }
      return UnsafeRawBufferPointer(address).map { String($0) }.joined(separator: ".")
    }
  }

  /// All addresses of the machine: `::` where one socket can serve IPv4 as well as IPv6, otherwise `0.0.0.0`.
  private static func wildcard() -> String {
    let descriptor = socket(AF_INET6, CInt(SOCK_STREAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue), 0)
    guard descriptor >= 0 else { return "0.0.0.0" }
    defer { close(descriptor) }
    var (only, length) = (CInt(1), socklen_t(MemoryLayout<CInt>.size))
    // The default of new sockets is /proc/sys/net/ipv6/bindv6only.
    guard getsockopt(descriptor, CInt(IPPROTO_IPV6), IPV6_V6ONLY, &only, &length) == 0, only == 0,
      let any = try? SocketAddress(ipAddress: "::", port: 0)
    else { return "0.0.0.0" }
    return any.withSockAddr { bind(descriptor, $0, socklen_t($1)) } == 0 ? "::" : "0.0.0.0"
  }

  private static func failure(_ text: String, _ reason: String) -> UploadError {
    UploadError(.badValue, "--host: \"\(PlainText.sanitized(text))\" \(reason).")
  }
}

/// Names of this machine that no other machine can reach.
package enum LoopbackName {
  /// Whether `host`, as ``ListenHost/normalized(_:)`` returns it, is `localhost` in any case or a loopback address.
  /// Names are not resolved.
  package static func contains(_ host: String) -> Bool {
    host.lowercased() == "localhost" || (IPAddress(ListenHost.withoutZone(host))?.isLoopback ?? false)
  }
}

/// Where a running server can be reached.
package struct ServerAddress: Sendable, Equatable {
  /// A name or an address, without brackets; never a wildcard, see ``ReachableHost``.
  let host: String
  /// Further addresses of the machine, when the server listens on all of them.
  var otherHosts: [String] = []
  /// The TCP port of HTTP, or of HTTPS where the server uses TLS.
  package let port: Int
  /// The raw listener's TCP port; nil without one.
  package var rawPort: Int?
  /// The fingerprint of the certificate that clients saw when the server began to listen; nil without TLS.
  package var fingerprint: CertificateFingerprint?
  /// How many unfinished resumable uploads of earlier runs can be continued.
  package var unfinished = 0

  /// The server's URL, without a final slash and without a token: `http://127.0.0.1:8080`, or with `https` where the
  /// server uses TLS.
  package var url: String { url(host) }

  /// The URLs at all addresses, in the form of ``url``, which is the first.
  package var urls: [String] { ([host] + otherHosts).map(url) }

  private func url(_ host: String) -> String {
    // The % before a zone is written %25 in a URL (RFC 6874).
    let authority = host.contains(":") ? "[\(host.replacing("%", with: "%25"))]" : host
    return "\(fingerprint == nil ? "http" : "https")://\(authority):\(port)"
  }
}

/// The hosts to show to people when the server listens on every address of the machine: `0.0.0.0` or `::` cannot be
/// reached from another machine.
enum ReachableHost {
  /// `host` itself, or in place of a wildcard those of `addresses` that are neither loopback nor link-local, each once,
  /// IPv4 before IPv6. For `0.0.0.0` there is never an IPv6 address. Without such an address it is `127.0.0.1`, or `::1`
  /// for an IPv6 wildcard.
  /// - Parameter addresses: the machine's own, see ``addresses``.
  static func hosts(for host: String, addresses: [SocketAddress]) -> (best: String, others: [String]) {
    guard ListenHost.isWildcard(host) else { return (host, []) }
    let isV6 = host.contains(":")
    let outside = addresses.filter { !isLocal($0) }
    let usable = outside.filter { $0.protocol == .inet } + (isV6 ? outside.filter { $0.protocol == .inet6 } : [])
    let hosts = usable.compactMap(\.ipAddress).reduce(into: [String]()) { if !$0.contains($1) { $0.append($1) } }
    return (hosts.first ?? (isV6 ? "::1" : "127.0.0.1"), Array(hosts.dropFirst()))
  }

  /// The machine's own addresses, of all interfaces; empty when they cannot be read.
  static var addresses: [SocketAddress] { (try? System.enumerateDevices())?.compactMap(\.address) ?? [] }

  /// Whether an address has a meaning on this machine or this link alone.
  private static func isLocal(_ address: SocketAddress) -> Bool {
    guard let text = address.ipAddress else { return true }
    return text.hasPrefix("127.") || text.hasPrefix("169.254.") || text == "::1" || text.lowercased().hasPrefix("fe80:")
  }
}
