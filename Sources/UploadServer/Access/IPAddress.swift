import Glibc
import NIOCore

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
