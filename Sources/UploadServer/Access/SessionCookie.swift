import Crypto
import HTTPTypes
import UploadCore

/// The cookie by which the links of a page work in a browser: it lets GET and HEAD of files and listings through for
/// which the browser sends no token.
///
/// A browser adds cookies to requests of any page. So this one is never valid for anything that writes, and it is sent
/// to the paths of files alone, with requests that the server's own pages cause (`SameSite=Strict`). Its value says what
/// the client may do and until when, authenticated with a key that only this process has: it contains no token, and is
/// worthless once the server has restarted, perhaps with other tokens.
struct SessionCookie: Sendable {
  /// How long it is valid, in seconds.
  static let lifetime: Int64 = 12 * 3600
  /// How many cookies of its name in one request are checked; a browser sends one for each path that it has stored.
  private static let maximumCount = 4

  /// Where a browser sends it.
  struct Scope: Sendable, Equatable {
    /// The path of files as the client sees it.
    let path: String
    /// Whether it may be sent over TLS alone.
    let isSecure: Bool

    /// - Parameter baseURL: of the server's root as the client reaches it, without a slash at its end.
    init(baseURL: String) {
      isSecure = baseURL.lowercased().hasPrefix("https://")
      let authority = baseURL.firstRange(of: "://").map { baseURL[$0.upperBound...] } ?? baseURL[...]
      let prefix = authority.drop { $0 != "/" }
      // A semicolon ends the attribute: such a path cannot be stated.
      path = prefix.contains(";") ? "/" : prefix + "/files"
    }
  }

  /// Of this process.
  private let key = SymmetricKey(size: .bits256)

  /// Whether a request is one that a cookie may be for.
  static func isAccepted(for request: IncomingRequest) -> Bool {
    guard request.head.method == .get || request.head.method == .head else { return false }
    return request.path == "/files" || request.path.hasPrefix("/files/")
  }

  /// The value of `Set-Cookie` (RFC 6265 section 4.1).
  /// - Parameters:
  ///   - role: what the client has proved that it may do.
  ///   - port: at which the server listens; nil when it is not known.
  ///   - now: seconds since 1970.
  func field(for role: AccessRole, port: Int?, _ scope: Scope, at now: Int64) -> String {
    let content = "\(role.rawValue).\(now + Self.lifetime)"
    let code = Hexadecimal.text(HMAC<SHA256>.authenticationCode(for: Array(content.utf8), using: key))
    let attributes = "HttpOnly; SameSite=Strict; Path=\(scope.path)\(scope.isSecure ? "; Secure" : "")"
    return "\(Self.name(port))=\(content).\(code); \(attributes)"
  }

  /// What the cookie of a request allows; nil without one, and for one that is malformed, expired or not of this process.
  func role(in fields: HTTPFields, port: Int?, at now: Int64) -> AccessRole? {
    let prefix = Self.name(port) + "="
    let pairs = fields[values: .cookie].lazy.flatMap { $0.split(separator: ";") }.map(\.trimmingWhitespace)
    return pairs.filter { $0.hasPrefix(prefix) }
      .prefix(Self.maximumCount)
      .compactMap { role(of: $0.dropFirst(prefix.count), at: now) }
      .first
  }

  private func role(of value: Substring, at now: Int64) -> AccessRole? {
    let parts = value.split(separator: ".", omittingEmptySubsequences: false)
    guard parts.count == 3, let role = AccessRole(rawValue: String(parts[0])), let expires = Int64(parts[1]),
      let code = Hexadecimal.bytes(parts[2].utf8)
    else { return nil }
    let content = Array("\(parts[0]).\(parts[1])".utf8)
    // Takes the same time wherever the first difference lies.
    guard HMAC<SHA256>.isValidAuthenticationCode(code, authenticating: content, using: key) else { return nil }
    return now < expires ? role : nil
  }

  /// Browsers do not separate the cookies of a host's ports, and each port may be another server's.
  private static func name(_ port: Int?) -> String { port.map { "sluice-\($0)" } ?? "sluice" }
}
