import Basics
package import UploadCore
import UploadProtocol

/// An HTTP proxy through which a server is reached.
package struct ProxyServer: Sendable, Equatable, CustomStringConvertible {
  /// Whether the connection to the proxy itself is encrypted: `https`.
  package let isSecure: Bool
  /// To connect to.
  package let address: HostAndPort
  /// Which option or variable names the proxy, such as `--proxy` or `https_proxy`; for messages.
  package let source: String
  /// The value of `Proxy-Authorization` with the user name and password of the URL; nil without them. Only for the proxy,
  /// and never shown.
  let authorization: String?

  /// Host and port: all of the URL that may be shown.
  package var description: String { address.text }

  /// Where the URL has no port: the one that curl uses, and that of https.
  private static func defaultPort(isSecure: Bool) -> Int { isSecure ? 443 : 1080 }

  /// Parses `[http://][USER[:PASSWORD]@]HOST[:PORT]`; what follows, such as a slash, is ignored. The user name and the
  /// password are percent-decoded.
  /// - Throws: ``UploadError`` with code `badURL`. Its message contains nothing of the URL, which may have a password.
  package init(_ url: String, source: String) throws(UploadError) {
    self.source = source
    let rest: Substring
    if let colon = url.firstRange(of: "://") {
      let scheme = url[..<colon.lowerBound].lowercased()
      guard !scheme.hasPrefix("socks") else {
        throw Self.badURL(source, "names a SOCKS proxy, which is not supported")
      }
      guard ["http", "https"].contains(scheme) else {
        throw Self.badURL(source, "begins with neither http:// nor https://")
      }
      isSecure = scheme == "https"
      rest = url[colon.upperBound...]
    } else {
      isSecure = false
      rest = url[...]
    }
    let authority = rest.prefix { !"/?#".contains($0) }
    let credentials = authority.lastIndex(of: "@").map { authority[..<$0] }
    let place = credentials.map { authority[$0.endIndex...].dropFirst() } ?? authority
    guard let (host, port) = try? HostAndPort.parse(place) else {
      throw Self.badURL(source, "has no valid host, or no port between 1 and 65535 after it")
    }
    address = HostAndPort(host: host, port: port ?? Self.defaultPort(isSecure: isSecure))
    authorization = try credentials.map { (text) throws(UploadError) in try Self.basic(text, source) }
  }

  /// - Parameter credentials: `USER:PASSWORD`, percent-encoded; the password may be missing.
  private static func basic(_ credentials: Substring, _ source: String) throws(UploadError) -> String {
    let user = credentials.utf8.prefix { $0 != UInt8(ascii: ":") }
    let password = credentials.utf8[user.endIndex...].dropFirst()
    guard let name = PercentEncoding.decodedBytes(user), let secret = PercentEncoding.decodedBytes(password) else {
      throw badURL(source, "has a % in its user name or password without two hexadecimal digits after it: write %25")
    }
    return "Basic " + Base64.encode(name + [UInt8(ascii: ":")] + secret)
  }

  private static func badURL(_ source: String, _ reason: String) -> UploadError {
    UploadError(.badURL, "The proxy's URL in \(source) \(reason). Write for example http://proxy.example:3128.")
  }
}
