import Glibc
import UploadCore

/// The name or address of a server or proxy, and its port.
package struct HostAndPort: Sendable, Hashable {
  /// An IPv6 address is without brackets, and may have a zone: `fe80::1%eth0`.
  package let host: String
  /// 1 to 65535.
  package let port: Int

  package init(host: String, port: Int) { (self.host, self.port) = (host, port) }

  /// The text for people and for request lines: `127.0.0.1:8080`, `[::1]:80`, `[fe80::1%eth0]:80`.
  package var text: String { "\(Self.bracketed(host)):\(port)" }

  /// The zone of an IPv6 address: a network interface's name or number; nil without one.
  var zone: String? {
    guard host.contains(":"), let percent = host.firstIndex(of: "%") else { return nil }
    return String(host[host.index(after: percent)...])
  }

  /// The host as a peer can use it: an IPv6 address in brackets and without its zone, which is valid on this machine only
  /// (RFC 6874 section 1).
  package var hostForPeers: String {
    Self.bracketed(zone == nil ? host : String(host.prefix { $0 != "%" }))
  }

  private static func bracketed(_ host: String) -> String {
    host.contains(":") ? "[\(host)]" : host
  }
}

/// Why the part of a URL between scheme and path cannot be used.
package enum MalformedAuthority: Error, Equatable {
  /// It has a user name or a password.
  case credentials
  /// - Parameter reason: the rest of a sentence about the URL: "has no host".
  case malformed(reason: String)
}

extension HostAndPort {
  /// Parses the part of a URL between scheme and path.
  /// - Returns: the host without brackets; the port, nil when the URL has none.
  package static func parse(_ authority: Substring) throws(MalformedAuthority) -> (host: String, port: Int?) {
    guard !authority.utf8.contains(UInt8(ascii: "@")) else { throw .credentials }
    if authority.hasPrefix("[") {
      guard let close = authority.firstIndex(of: "]") else { throw .malformed(reason: "has a [ without a ]") }
      let host = try version6(authority[..<close].dropFirst())
      return (host, try port(authority[authority.index(after: close)...]))
    }
    // Without brackets, a port would look like the end of the address.
    if isVersion6(authority.prefix { $0 != "%" }) { return (try version6(authority), nil) }
    let host = authority.prefix { $0 != ":" }
    guard !host.isEmpty else { throw .malformed(reason: "has no host") }
    guard host.utf8.allSatisfy(isHostByte) else {
      throw .malformed(reason: "has a character in its host that no host has")
    }
    return (String(host), try port(authority[host.endIndex...]))
  }

  /// An IPv6 address, with its zone after `%25` (RFC 6874) or a plain `%`.
  private static func version6(_ text: Substring) throws(MalformedAuthority) -> String {
    let address = text.prefix { $0 != "%" }
    guard isVersion6(address) else { throw .malformed(reason: "has no IPv6 address between [ and ]") }
    guard address.endIndex < text.endIndex else { return String(address) }
    let zone = InterfaceZone.decoded(text[text.index(after: address.endIndex)...])
    guard !zone.isEmpty, zone.utf8.allSatisfy(isHostByte) else {
      throw .malformed(reason: "has no network interface after the % of its address")
    }
    return InterfaceZone.belongs(to: address) ? "\(address)%\(zone)" : String(address)
  }

  private static func isVersion6(_ text: Substring) -> Bool {
    var address = [UInt8](repeating: 0, count: 16)
    return inet_pton(AF_INET6, String(text), &address) == 1
  }

  /// `text` is empty, `:` (RFC 3986 section 3.2.3 allows it) or `:8080`.
  private static func port(_ text: Substring) throws(MalformedAuthority) -> Int? {
    guard !text.isEmpty, text != ":" else { return nil }
    let digits = text.dropFirst()
    guard text.first == ":", digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let port = Int(digits),
      (1...65_535).contains(port)
    else { throw .malformed(reason: "has no port between 1 and 65535 after its host") }
    return port
  }

  private static func isHostByte(_ byte: UInt8) -> Bool {
    let character = Character(Unicode.Scalar(byte))
    return byte < 0x80 && (character.isLetter || character.isNumber) || "-._".utf8.contains(byte)
  }
}
