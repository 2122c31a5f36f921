import Glibc

/// The zone of a link-local IPv6 address: the name or number of the network interface through which it is reached (RFC
/// 4007 section 11).
package enum InterfaceZone {
  /// The zone from the text behind the `%` of an address: without the `25` of an encoded `%25`, as URLs require it (RFC
  /// 6874); people write either.
  ///
  /// `25` alone is the interface with that number: there is no RFC 6874 zone without a character.
  package static func decoded(_ text: some StringProtocol) -> String {
    text.hasPrefix("25") && text.utf8.count > 2 ? String(text.dropFirst(2)) : String(text)
  }

  /// Whether `address`, without a zone, is a link-local IPv6 address (`fe80::/10`): only these have zones. For others,
  /// the resolver rejects a zone that is a name. False for a text that is no IPv6 address.
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

  /// The names of this machine's interfaces now, separated by commas and safe to show; `none` when they cannot be read.
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
