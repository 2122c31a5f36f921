@testable import HTTPExchange

extension HTTPOrigin {
  /// The origin of a URL without a path.
  init(url: String) throws {
    let isSecure = url.hasPrefix("https://")
    let (host, port) = try HostAndPort.parse(url.dropFirst(isSecure ? 8 : 7))
    self.init(isSecure: isSecure, host: host, port: port, trust: .system)
  }
}
