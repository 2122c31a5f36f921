import Glibc
import NIOCore
package import UploadCore

/// The address to listen on as people write it: `127.0.0.1`, `::1`, `[::1]`, `*`, `fe80::1%eth0`, `files.example`.
package enum ListenHost {
  /// `text` as the resolver takes it: without brackets, with an address for `*`, and with the zone behind a plain `%`.
  /// - Throws: ``UploadError`` with code `badValue` for what cannot be an address: an empty text, one with a port or a
  ///   scheme, a broken IPv6 address, a zone that is no network interface of this machine. Names are not resolved here.
  package static func normalized(_ text: String) throws(UploadError) -> String {
    guard !text.isEmpty else {
      throw UploadError(
        .badValue,
        "--host is empty. Write 127.0.0.1, the address of an interface, or * for all of them."
      )
    }
    guard !text.contains("://") else {
      throw failure(text, "is a URL. Write the address alone, and the port with --port")
    }
    if text == "*" { return wildcard() }
    let isBracketed = text.hasPrefix("[") && text.hasSuffix("]")
    let address = isBracketed ? text.dropFirst().dropLast() : text[...]
    if address.contains(":") { return try version6(address, of: text) }
    guard !isBracketed else { throw failure(text, "has no IPv6 address between [ and ]") }
    guard text.utf8.allSatisfy({ $0 > 0x20 && $0 != 0x7F && !"/?#%[]@\\".utf8.contains($0) }) else {
      throw failure(text, "is neither an address nor the name of a host")
    }
    guard text == "0" || !text.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else {
      throw failure(text, "is a number, not an address. A port is given with --port")
    }
    return version4(text) ?? text
  }

  /// Whether a host that has been ``normalized(_:)`` means all addresses of the machine.
  static func isWildcard(_ host: String) -> Bool {
    IPAddress(host)?.bytes.allSatisfy { $0 == 0 } ?? false
  }

  /// An IPv6 address without its zone; nil where there is none.
  static func withoutZone(_ host: String) -> String {
    host.contains(":") ? String(host.prefix { $0 != "%" }) : host
  }

  private static func version6(_ address: Substring, of text: String) throws(UploadError) -> String {
    let plain = address.prefix { $0 != "%" }
    guard let parsed = IPAddress(plain), parsed.bytes.count == 16 || plain.contains(":") else {
      let hasPort = text.hasPrefix("[") || text.count { $0 == ":" } == 1
      throw failure(
        text,
        hasPort ? "has a port. Write the address alone, and the port with --port" : "is not an IPv6 address"
      )
    }
    guard plain.endIndex < address.endIndex else { return String(plain) }
    let zone = InterfaceZone.decoded(address[address.index(after: plain.endIndex)...])
    guard InterfaceZone.exists(zone) else {
      throw failure(text, "names no network interface of this machine behind the %. There are \(InterfaceZone.names)")
    }
    return InterfaceZone.belongs(to: plain) ? "\(plain)%\(zone)" : String(plain)
  }

  /// The short forms of old (`127.1`, `0`, `0x7f.1`), written out; nil for what is none.
  private static func version4(_ text: String) -> String? {
    guard IPAddress(text) == nil else { return nil }
    return withUnsafeTemporaryAllocation(of: in_addr.self, capacity: 1) { address in
      guard inet_aton(text, address.baseAddress) == 1 else { return nil }
      return UnsafeRawBufferPointer(address).map { String($0) }.joined(separator: ".")
    }
  }

  /// All addresses: of both versions by one socket, where the system does that; else those of IPv4.
  private static func wildcard() -> String {
    let descriptor = socket(AF_INET6, CInt(SOCK_STREAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue), 0)
    guard descriptor >= 0 else { return "0.0.0.0" }
    defer { close(descriptor) }
    var (only, length) = (CInt(1), socklen_t(MemoryLayout<CInt>.size))
    // The default of new sockets is /proc/sys/net/ipv6/bindv6only.
    guard getsockopt(descriptor, CInt(IPPROTO_IPV6), IPV6_V6ONLY, &only, &length) == 0, only == 0 else {
      return "0.0.0.0"
    }
    guard let any = try? SocketAddress(ipAddress: "::", port: 0) else { return "0.0.0.0" }
    return any.withSockAddr { bind(descriptor, $0, socklen_t($1)) } == 0 ? "::" : "0.0.0.0"
  }

  private static func failure(_ text: String, _ reason: String) -> UploadError {
    UploadError(.badValue, "--host: \"\(PlainText.sanitized(text))\" \(reason).")
  }
}
