import Glibc
import NIOCore
package import UploadCore

/// An address of version 4 or 6 as bytes, to compare networks. An IPv4 address inside IPv6 (`::ffff:1.2.3.4`) counts as
/// IPv4, which is what a socket that takes both gives.
struct IPAddress: Sendable, Hashable {
  /// 4 or 16 of them.
  let bytes: [UInt8]

  init?(_ address: SocketAddress) {
    guard let text = address.ipAddress else { return nil }
    // Behind the percent sign is the interface of a local address.
    self.init(text.prefix { $0 != "%" })
  }

  /// Reads an address as it is written; brackets and a port around it are not part of it.
  init?(_ text: some StringProtocol) {
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

  var text: String {
    if bytes.count == 4 { return bytes.map(String.init).joined(separator: ".") }
    var buffer = [CChar](repeating: 0, count: 46)
    guard inet_ntop(AF_INET6, bytes, &buffer, socklen_t(buffer.count)) != nil else { return "" }
    return String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  /// Whether only this machine has it.
  var isLoopback: Bool {
    bytes.count == 4 ? bytes[0] == 127 : bytes.last == 1 && bytes.dropLast().allSatisfy { $0 == 0 }
  }

  /// What counts as one client.
  var network: String {
    guard bytes.count == 16 else { return text }
    return bytes[..<8].map { String($0, radix: 16) }.joined(separator: ".") + "/64"
  }
}

/// One address, or a network of them (`10.0.0.0/8`).
package struct AddressRange: Sendable, Equatable {
  private let bytes: [UInt8]
  /// How many bits an address must share with it.
  private let bits: Int

  /// - Throws: ``UploadError`` with code `badValue`.
  package init(parsing text: String) throws(UploadError) {
    let pieces = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
    let address = pieces.first.flatMap { IPAddress($0) }
    let most = (address?.bytes.count ?? 0) * 8
    let bits = pieces.count == 2 ? Int(pieces[1]) : most
    guard let address, let bits, (0...most).contains(bits) else {
      throw UploadError(
        .badValue,
        "\"\(PlainText.sanitized(text))\" is not an address. Write for example 127.0.0.1, ::1 or 10.0.0.0/8."
      )
    }
    bytes = address.bytes
    self.bits = bits
  }

  func contains(_ address: IPAddress) -> Bool {
    guard address.bytes.count == bytes.count else { return false }
    let whole = bits / 8
    guard address.bytes[..<whole] == bytes[..<whole] else { return false }
    guard bits % 8 > 0 else { return true }
    let shift = 8 - bits % 8
    return address.bytes[whole] >> shift == bytes[whole] >> shift
  }
}

/// Addresses that only this machine can reach.
package enum LoopbackName {
  /// Whether `host`, as written on the command line, is one.
  package static func contains(_ host: String) -> Bool {
    host.lowercased() == "localhost" || (IPAddress(ListenHost.withoutZone(host))?.isLoopback ?? false)
  }
}

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
