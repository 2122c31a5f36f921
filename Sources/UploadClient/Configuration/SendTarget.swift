package import UploadCore
import UploadProtocol

/// Where uploads are sent: the parsed URL of `--to` (RFC 3986).
///
/// | URL | request |
/// |---|---|
/// | `http://host:port`, `http://host:port/` | a Sluice server: `POST /stream-upload?name=NAME`, or `POST /file-upload` for forms |
/// | a path that ends in `/` | `PUT` to that path and the file's name, as `curl -T` does; forms: `POST` to the path itself |
/// | any other path | `POST` to the path as it stands |
///
/// `https` uses TLS; without a scheme it is `http`. A query is always kept. A URL with a user name or a password is rejected,
/// since URLs are shown and logged.
package struct SendTarget: Sendable, Equatable {
  /// Whether connections are encrypted: `https`.
  package let isSecure: Bool
  /// Name or address of the server. An IPv6 address is without brackets, and may have a zone: `fe80::1%eth0`.
  package let host: String
  /// 1 to 65,535.
  package let port: Int
  /// Path as it is sent: begins with `/`, and contains only visible ASCII.
  package let path: String
  /// The part after `?`; nil without a `?`.
  package let query: String?

  /// How the server's certificate is verified; without meaning unless ``isSecure``.
  package let trust: ServerTrust

  /// `Authorization: Bearer` for this server alone; nil for none.
  let authorization: HeaderField?

  /// Parses a URL.
  /// - Parameters:
  ///   - token: the server's access token; nil when it needs none.
  ///   - trust: how an https server's certificate is verified.
  /// - Throws: ``UploadError`` with code `badURL` and an example of a valid URL, or `badValue` when a header field cannot
  ///   contain the token.
  package init(_ text: String, token: String? = nil, trust: ServerTrust = .system) throws(UploadError) {
    if let token { authorization = try HeaderField("Authorization: Bearer \(token)") } else { authorization = nil }
    self.trust = trust
    let parts = try URLParts(text)
    isSecure = parts.isSecure
    host = parts.host
    port = parts.port
    path = parts.path
    query = parts.query
  }

  /// Host and port for people and for the list of uploads: `127.0.0.1:8080`, `[::1]:80`, `[fe80::1%eth0]:80`.
  package var authority: String {
    "\(Self.bracketed(host)):\(port)"
  }

  /// The value of the Host header field: without the port where it is the scheme's default (RFC 9110 section 7.2), and
  /// without the zone, which is valid on this machine only (RFC 6874 section 1).
  var hostField: String {
    let name = Self.bracketed(hostWithoutZone)
    return port == URLParts.defaultPort(isSecure: isSecure) ? name : "\(name):\(port)"
  }

  /// The zone of an IPv6 address: a network interface's name or number; nil without one.
  var zone: String? {
    guard isVersion6, let percent = host.firstIndex(of: "%") else { return nil }
    return String(host[host.index(after: percent)...])
  }

  private var hostWithoutZone: String {
    isVersion6 ? String(host.prefix { $0 != "%" }) : host
  }

  private var isVersion6: Bool { host.contains(":") }

  private static func bracketed(_ host: String) -> String {
    host.contains(":") ? "[\(host)]" : host
  }

  /// The request line's method and target for an upload called `name`, whose exact bytes are percent-encoded.
  /// - Parameter method: replaces the usual method; nil for the usual one.
  func request(mode: UploadMode, name: String, method: String?) -> (method: String, uri: String) {
    let encoded = PercentEncoding.encode(NameBytes(lossless: name).bytes)
    let streams = mode == .stream
    if path == "/" {
      return streams
        ? (method ?? "POST", "/stream-upload?" + (query.map { $0 + "&" } ?? "") + "name=" + encoded)
        : (method ?? "POST", "/file-upload" + querySuffix)
    }
    if streams, path.hasSuffix("/") {
      return (method ?? "PUT", path + encoded + querySuffix)
    }
    return (method ?? "POST", path + querySuffix)
  }

  private var querySuffix: String {
    query.map { "?" + $0 } ?? ""
  }
}
