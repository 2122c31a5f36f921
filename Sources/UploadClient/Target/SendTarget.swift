package import UploadCore
import UploadProtocol

/// Where uploads are sent: the URL behind `--to`, taken apart (RFC 3986).
///
/// | URL | what is asked for |
/// |---|---|
/// | `http://host:port`, `http://host:port/` | a Sluice server: `POST /stream-upload?name=NAME`, or `POST /file-upload` for forms |
/// | a path that ends in `/` | `PUT` to that path and the file's name, as `curl -T` does; forms: `POST` to the path itself |
/// | any other path | `POST` to the path as it stands |
///
/// With `https` in place of `http` it goes by TLS; without a scheme it is `http`. A query is kept in every case. Names and passwords in the URL are refused, since a URL is shown and logged.
package struct SendTarget: Sendable, Equatable {
  /// Whether what is sent is encrypted: `https`.
  package let isSecure: Bool
  /// Name or address of the server. An IPv6 address is without brackets, and may have a zone: `fe80::1%eth0`.
  package let host: String
  /// 1 to 65,535.
  package let port: Int
  /// Path as it goes into the request: begins with `/`, holds nothing but visible ASCII.
  package let path: String
  /// What stands behind `?`; nil when there is no `?`.
  package let query: String?

  /// What makes the server's certificate one to be believed; without meaning unless ``isSecure``.
  package let trust: ServerTrust

  /// Shown to this server alone, as `Authorization: Bearer`; nil for none.
  let authorization: HeaderField?

  /// Takes `text` apart.
  /// - Parameters:
  ///   - token: what the server asks for; nil when it asks for nothing.
  ///   - trust: how an https server is known.
  /// - Throws: ``UploadError`` with code `badURL` and what a good URL looks like, or `badValue` when the token cannot stand
  ///   in a header field.
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

  /// The value of the Host header field: without the port where it is the scheme's own (RFC 9110 section 7.2), and
  /// without the zone, which means something on this machine alone (RFC 6874 section 1).
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
  /// - Parameter method: what was asked for instead of the usual method; nil for the usual one.
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
