import UploadCore
import UploadProtocol

/// The hosts that are reached without a proxy: the value of `no_proxy`, by the rules of curl.
///
/// Elements are separated by commas or spaces. `*` is every host. An IP address or a network (`10.0.0.0/8`, `fd00::/8`)
/// contains targets that are written as addresses; names are not resolved. Any other element is a domain: its own name and
/// all names below it, with or without a dot at its beginning. An element may end with a port, which curl does not know:
/// then it is about that port only.
struct ProxyExceptions: Sendable, Equatable {
  private enum Pattern: Sendable, Equatable {
    case all
    case network(AddressRange)
    /// In lower case, without a dot at either end.
    case domain(String)

    /// - Parameter text: not empty, without a port.
    init?(_ text: Substring) {
      if text == "*" {
        self = .all
      } else if let range = try? AddressRange(parsing: String(ProxyExceptions.unbracketed(text))) {
        self = .network(range)
      } else {
        let name = text.drop { $0 == "." }
        guard !name.isEmpty else { return nil }
        self = .domain(ProxyExceptions.withoutFinalDot(name.lowercased()))
      }
    }

    func contains(_ host: String, _ address: IPAddress?) -> Bool {
      switch self {
      case .all: true
      case .network(let range): address.map(range.contains) ?? false
      case .domain(let name): address == nil && (host == name || host.hasSuffix("." + name))
      }
    }
  }

  private struct Element: Sendable, Equatable {
    let pattern: Pattern
    /// Nil for every port.
    let port: Int?

    init?(_ text: Substring) {
      let (host, port) = Self.split(text)
      guard let pattern = Pattern(host) else { return nil }
      (self.pattern, self.port) = (pattern, port)
    }

    /// Splits `host:port`; an IPv6 address has a port only behind brackets.
    private static func split(_ text: Substring) -> (host: Substring, port: Int?) {
      guard let colon = text.lastIndex(of: ":"), let port = Int(text[colon...].dropFirst()) else { return (text, nil) }
      let host = text[..<colon]
      let isBracketed = host.hasPrefix("[") && host.hasSuffix("]")
      return host.contains(":") && !isBracketed || host.isEmpty ? (text, nil) : (host, port)
    }
  }

  private let elements: [Element]

  init(_ list: String) {
    elements = list.split { $0 == "," || $0.isWhitespace }.compactMap(Element.init)
  }

  func contains(_ target: HostAndPort) -> Bool {
    let host = Self.withoutFinalDot(target.host.lowercased())
    // The zone of a link-local address is no part of the network's bits.
    let address = IPAddress(target.host.prefix { $0 != "%" })
    return elements.contains { element in
      (element.port ?? target.port) == target.port && element.pattern.contains(host, address)
    }
  }

  private static func withoutFinalDot(_ name: String) -> String {
    name.hasSuffix(".") ? String(name.dropLast()) : name
  }

  private static func unbracketed(_ text: Substring) -> Substring {
    // Also of a network: [fd00::]/8.
    guard text.hasPrefix("["), let close = text.firstIndex(of: "]") else { return text }
    return text[..<close].dropFirst() + text[close...].dropFirst()
  }
}
