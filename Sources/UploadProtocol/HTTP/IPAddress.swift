import Glibc
package import NIOCore
package import UploadCore

/// An address of IPv4 or IPv6 as bytes, to compare networks; without port and zone. An IPv4 address inside IPv6
/// (`::ffff:1.2.3.4`), as a socket reports it that accepts both, becomes an IPv4 address.
package struct IPAddress: Sendable, Hashable {
  /// The bytes of the address in network order: 4 of IPv4, 16 of IPv6.
  package let bytes: [UInt8]

  /// The address of a socket, without its port and zone; nil for one that is no IP address.
  package init?(_ address: SocketAddress) {
    guard let text = address.ipAddress else { return nil }
    // A link-local address ends with a percent sign and its interface.
    self.init(text.prefix { $0 != "%" })
  }

  /// Reads an address without brackets, port and zone; nil for every other text, such as a name or `127.1`.
  package init?(_ text: some StringProtocol) {
    var all = [UInt8](repeating: 0, count: 16)
    if inet_pton(AF_INET, String(text), &all) == 1 {
      bytes = Array(all[..<4])
    } else if inet_pton(AF_INET6, String(text), &all) == 1 {
      let isMapped = all[..<10].allSatisfy { $0 == 0 } && all[10] == 0xFF && all[11] == 0xFF
      bytes = isMapped ? Array(all[12...]) : all
    } else {
      return nil
    }
  }

  /// The canonical form, without brackets: `127.0.0.1`, `2001:db8::1`.
  package var text: String { (try? SocketAddress(packedIPAddress: ByteBuffer(bytes: bytes), port: 0))?.ipAddress ?? "" }

  /// Whether only this machine can reach it: `127.0.0.0/8` and `::1`.
  package var isLoopback: Bool {
    bytes.count == 4 ? bytes[0] == 127 : bytes.last == 1 && bytes.dropLast().allSatisfy { $0 == 0 }
  }

  /// The key to count the client with this address by, not to be shown: the address itself, or with IPv6 its network of
  /// 64 bits, since one client has that many addresses.
  package var network: String {
    guard bytes.count == 16 else { return text }
    return bytes[..<8].map { String($0, radix: 16) }.joined(separator: ".") + "/64"
  }
}

/// One address, or a network of them (`10.0.0.0/8`).
package struct AddressRange: Sendable, Equatable {
  private let bytes: [UInt8]
  /// How many leading bits an address must share with ``bytes``.
  private let bits: Int

  /// Reads an address without brackets and port, perhaps with `/` and the number of its leading bits that count: 0 to
  /// 32 for IPv4, also inside IPv6 (`::ffff:10.0.0.0/8`), and 0 to 128 for IPv6. Without it all bits count.
  /// - Throws: ``UploadError`` with code `badValue` when `text` is neither an address nor a network.
  package init(parsing text: String) throws(UploadError) {
    let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
    let address = parts.first.flatMap { IPAddress($0) }
    let most = (address?.bytes.count ?? 0) * 8
    let bits = parts.count == 2 ? Int(parts[1]) : most
    guard let address, let bits, (0...most).contains(bits) else {
      let shown = PlainText.sanitized(text)
      throw UploadError(.badValue, "\"\(shown)\" is not an address. Write for example 127.0.0.1, ::1 or 10.0.0.0/8.")
    }
    (bytes, self.bits) = (address.bytes, bits)
  }

  /// Whether `address` is in this network; never for an address of the other version of IP.
  package func contains(_ address: IPAddress) -> Bool {
    guard address.bytes.count == bytes.count else { return false }
    return bytes.indices.allSatisfy { index in
      // The low bits of this byte that lie beyond the leading `bits` of the address.
      let ignored = min(8, max(0, 8 * (index + 1) - bits))
      return address.bytes[index] >> ignored == bytes[index] >> ignored
    }
  }
}
