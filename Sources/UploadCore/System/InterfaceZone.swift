import Glibc

/// The zone of a link-local IPv6 address: the network interface that it is reached by (RFC 4007 section 11).
package enum InterfaceZone {
  /// The zone behind the `%` of an address. In URLs the `%` is written `%25` (RFC 6874); people write either.
  ///
  /// `25` alone is the interface with that number: there is no RFC 6874 zone without a character.
  package static func decoded(_ text: some StringProtocol) -> String {
    text.hasPrefix("25") && text.utf8.count > 2 ? String(text.dropFirst(2)) : String(text)
  }

  /// Whether an IPv6 address has a zone at all: only link-local ones (`fe80::/10`) do. Others are the same with any zone,
  /// and the resolver rejects one with a name.
  package static func belongs(to address: some StringProtocol) -> Bool {
    var parsed = in6_addr()
    guard inet_pton(AF_INET6, String(address), &parsed) == 1 else { return false }
    return withUnsafeBytes(of: &parsed) { $0[0] == 0xFE && $0[1] & 0xC0 == 0x80 }
  }

  /// Whether this machine has an interface of that name or number now.
  package static func exists(_ zone: String) -> Bool {
    if if_nametoindex(zone) != 0 { return true }
    guard let number = UInt32(zone) else { return false }
    var buffer = [CChar](repeating: 0, count: Int(IF_NAMESIZE))
    return if_indextoname(number, &buffer) != nil
  }

  /// Names of this machine's interfaces, separated by commas.
  package static var names: String {
    guard let list = if_nameindex() else { return "none" }
    defer { if_freenameindex(list) }
    var names: [String] = []
    var entry = list
    while let name = entry.pointee.if_name {
      names.append(PlainText.sanitized(String(cString: name)))
      entry += 1
    }
    return names.joined(separator: ", ")
  }
}
