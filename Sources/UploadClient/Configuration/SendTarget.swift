package import HTTPExchange
package import UploadCore
import UploadProtocol

/// Where uploads are sent: the parsed URL of `--to` (RFC 3986).
///
/// | URL | request |
/// |---|---|
/// | `http://host:port`, `http://host:port/` | a Sluice server: `POST /stream-upload?name=NAME`, or `POST /file-upload` for forms |
/// | a path that ends in `/` | `PUT` to that path and the file's name, as `curl -T` does; forms: `POST` to the path itself |
/// | any other path | `POST` to the path itself |
///
/// `https` uses TLS; without a scheme it is `http`. A query is always kept. A URL with a user name or a password is rejected,
/// since URLs are shown and logged.
package struct SendTarget: Sendable, Equatable {
  /// The server, and how its certificate is verified.
  package let origin: HTTPOrigin
  /// The URL's path, percent-encoded: begins with `/`, and contains only visible ASCII. Requests are sent to what
  /// ``request(mode:name:method:)`` makes of it.
  package let path: String
  /// The part after `?`, percent-encoded; nil without a `?`.
  package let query: String?

  /// Whether the server is a part of this program, such as that of the dashboard: connections are always direct, whatever
  /// ``ProxySettings`` say.
  package let isLocal: Bool

  /// What the field `Sluice-Process` states to the server of this program; nil for others.
  let processKey: String?

  /// The `Authorization: Bearer` field with this server's access token; nil without a token.
  let authorization: HeaderField?

  /// Parses a URL, such as `https://host:8443/inbox/?a=b`, or one without its scheme, which is then http: `host:8080`,
  /// `127.0.0.1:8080/inbox/`.
  /// - Parameters:
  ///   - token: the server's access token; nil when it needs none.
  ///   - trust: how an https server's certificate is verified.
  ///   - isLocal: see ``isLocal``.
  ///   - processKey: by which the server of this program recognizes its uploads; nil for other servers.
  /// - Throws: ``UploadError`` with code `badURL`, also for a URL with a user name, or `badValue` when a header field
  ///   cannot contain the token.
  package init(
    _ text: String,
    token: String? = nil,
    trust: ServerTrust = .system,
    isLocal: Bool = false,
    processKey: String? = nil
  ) throws(UploadError) {
    if let token { authorization = try HeaderField("Authorization: Bearer \(token)") } else { authorization = nil }
    self.isLocal = isLocal
    self.processKey = processKey
    let isSecure: Bool
    let rest: Substring
    if let colon = text.firstRange(of: "://") {
      let scheme = text[..<colon.lowerBound].lowercased()
      guard ["http", "https"].contains(scheme) else { throw .badURL(text, "is not an http:// or https:// URL") }
      isSecure = scheme == "https"
      rest = text[colon.upperBound...]
    } else {
      guard !text.isEmpty else { throw .badURL(text, "is not a URL") }
      // Otherwise this would be a host called "http".
      guard !["http:", "https:"].contains(where: text.lowercased().hasPrefix) else {
        throw .badURL(text, "has no // after its scheme")
      }
      // Digits alone would be read as the number of an IPv4 address.
      guard !text.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else { throw .badURL(text, "has a port but no host") }
      isSecure = false
      rest = text[...]
    }
    let authority = rest.prefix { !"/?#".contains($0) }
    let (host, port) = try Self.hostAndPort(authority, of: text)
    origin = HTTPOrigin(isSecure: isSecure, host: host, port: port, trust: trust)
    let tail = rest[authority.endIndex...].prefix { $0 != "#" }
    let path = tail.prefix { $0 != "?" }
    let query = tail[path.endIndex...]
    self.path = path.isEmpty ? "/" : try Self.encoded(path, of: text)
    self.query = query.isEmpty ? nil : try Self.encoded(query.dropFirst(), of: text)
  }

  // MARK: What requests contain

  /// Whether connections are encrypted: `https`.
  package var isSecure: Bool { origin.isSecure }

  /// Name or address of the server, see ``HostAndPort/host``.
  package var host: String { origin.address.host }
  package var port: Int { origin.address.port }

  /// Host and port for people and for the list of uploads: `127.0.0.1:8080`, `[::1]:80`, `[fe80::1%eth0]:80`.
  package var authority: String { origin.authority }

  /// The URL as a text that ``init(_:token:trust:isLocal:)`` reads again, without the access tokens in its query: for the journal.
  var urlWithoutToken: String {
    UploadLocation.withoutToken(
      origin.scheme + "://" + authority + path + (query.map { "?" + $0 } ?? "")
    )
  }

  /// The value of the Host header field: ``HTTPOrigin/hostField``.
  var hostField: String { origin.hostField }

  /// The method and the target in the request line for an upload called `name`. A target that contains the name has its
  /// exact bytes, percent-encoded.
  /// - Parameters:
  ///   - mode: `stream` sends the file as the body; every other mode sends a form.
  ///   - method: replaces the usual method; nil for the usual one.
  func request(mode: UploadMode, name: String, method: String?) -> (method: String, uri: String) {
    let encoded = PercentEncoding.encode(NameBytes(lossless: name).bytes)
    let querySuffix = query.map { "?" + $0 } ?? ""
    switch (path == "/", mode == .stream) {
    case (true, true): return (method ?? "POST", "/stream-upload?" + (query.map { $0 + "&" } ?? "") + "name=" + encoded)
    case (true, false): return (method ?? "POST", "/file-upload" + querySuffix)
    case (false, true) where path.hasSuffix("/"): return (method ?? "PUT", path + encoded + querySuffix)
    case (false, _): return (method ?? "POST", path + querySuffix)
    }
  }

  // MARK: Parsing

  /// Parses the part of a URL between scheme and path.
  /// - Parameter url: the whole URL, for messages.
  /// - Returns: the host without brackets; the port, nil when the URL has none.
  private static func hostAndPort(_ authority: Substring, of url: String) throws(UploadError) -> (String, Int?) {
    do throws(MalformedAuthority) {
      return try HostAndPort.parse(authority)
    } catch {
      switch error {
      // The message does not contain the URL: it would show the password.
      case .credentials:
        throw UploadError(
          .badURL,
          "A URL with a user name or a password is rejected, since URLs are shown and logged. "
            + "Remove the part before the @ and send an Authorization header instead."
        )
      case .malformed(let reason): throw .badURL(url, reason)
      }
    }
  }

  /// Escapes spaces and bytes beyond ASCII, as browsers do, and rejects control characters: they could end the request
  /// line.
  private static func encoded(_ text: Substring, of url: String) throws(UploadError) -> String {
    var result = ""
    for byte in text.utf8 {
      switch byte {
      case 0x00..<0x20, 0x7F: throw .badURL(url, "contains a control character")
      case 0x21..<0x7F: result.unicodeScalars.append(Unicode.Scalar(byte))
      default: result += "%" + Hexadecimal.text([byte]).uppercased()
      }
    }
    return result
  }
}

extension UploadError {
  fileprivate static func badURL(_ url: String, _ reason: String) -> UploadError {
    UploadError(
      .badURL,
      "\"\(PlainText.sanitized(url))\" \(reason). "
        + "Write for example http://127.0.0.1:8080 or http://host:8080/inbox/."
    )
  }
}

extension ProxySettings {
  /// The proxy for a target; nil when it is reached directly, as every ``SendTarget/isLocal`` one is.
  /// - Throws: ``UploadError`` with code `badURL` when the proxy's URL is malformed or of a kind that is not supported.
  package func proxy(for target: SendTarget) throws(UploadError) -> ProxyServer? {
    target.isLocal ? nil : try proxy(for: target.origin)
  }
}
