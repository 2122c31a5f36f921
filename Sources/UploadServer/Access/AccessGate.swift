import Basics
import HTTPTypes
import NIOCore
import UploadCore
import UploadProtocol

/// Decides from a request's headers alone whether it is accepted: other people's web pages must not reach a server that
/// only listens on this machine, and strangers none that asks for a token.
struct AccessGate: Sendable {
  /// What to do with a request.
  enum Decision {
    /// Serve it.
    /// - Parameter hasToken: whether it presented the token.
    case accept(hasToken: Bool)
    /// Reject it.
    /// - Parameter retryAfter: seconds after which the client may try again, where they are known.
    case reject(UploadError, retryAfter: Int? = nil)
    /// A browser asks whether a page of another origin may send something.
    case preflight
  }

  private let rules: AccessRules
  private let origins: Set<String>
  /// The server can only be reached by names of this machine.
  private let isLoopback: Bool
  private let guesses = TokenGuesses()
  /// Tokens of one request that are compared: a header field and a parameter, and one to spare.
  private static let maxCandidates = 3

  init(_ rules: AccessRules = AccessRules(), isLoopback: Bool = false) {
    self.rules = rules
    origins = Set(rules.allowedOrigins.map { Self.plain(origin: $0) })
    self.isLoopback = isLoopback
  }

  /// - Parameters:
  ///   - peer: the other end of the connection.
  ///   - client: where the request comes from, as ``client(of:from:)`` says.
  ///   - isAuthenticated: whether this client has presented the token on this connection before. Then it is not blocked by
  ///     wrong tokens that others present from its address.
  func decision(
    on incoming: IncomingRequest,
    from peer: SocketAddress?,
    client: ClientAddress,
    isAuthenticated: Bool,
    at now: NIODeadline
  ) -> Decision {
    let request = incoming.head
    if isLoopback, !isTrusted(peer), let host = request.authority, !Self.isLoopback(host: host) {
      // A page whose name was made to stand for 127.0.0.1 is of the same origin, but cannot change its own name.
      return .reject(
        UploadError(
          .forbidden,
          "This server listens on this machine only; ask for it as localhost or 127.0.0.1, not by another name."
        )
      )
    }
    if let origin = request.headerFields[.origin], !isOwn(origin, request, from: peer), !isAllowed(origin) {
      return .reject(
        UploadError(.forbidden, "Web pages of another origin may not use this server. Allow one with --allow-origin.")
      )
    }
    if request.method == .options, allowedOrigin(of: request) != nil,
      request.headerFields[.accessControlRequestMethod] != nil
    {
      return .preflight
    }
    guard let token = rules.token, !Self.isOpen(incoming) else { return .accept(hasToken: false) }
    if !isAuthenticated, let time = guesses.blockedTime(of: client.key, at: now) { return Self.blocked(for: time) }
    let candidates = Self.candidates(in: incoming).prefix(Self.maxCandidates)
    guard candidates.contains(where: token.matches) else {
      guesses.note(candidates.count, of: client.key, at: now)
      return .reject(
        UploadError(
          .unauthorized,
          "This server asks for a token: Authorization: Bearer TOKEN, or \(TokenRedactor.example) or TOKEN as a password."
        )
      )
    }
    return .accept(hasToken: true)
  }

  /// The right token is rejected too: what is accepted would tell a guesser that it is right.
  private static func blocked(for time: TimeAmount) -> Decision {
    let seconds = Int((time.nanoseconds + 999_999_999) / 1_000_000_000)
    return .reject(
      UploadError(
        .tooManyGuesses,
        "Too many wrong tokens from this address: \(TokenGuesses.limit) within a minute. Try again in \(seconds) s."
      ),
      retryAfter: seconds
    )
  }

  /// Keeps the token out of events and logs.
  var redactor: TokenRedactor { TokenRedactor(rules.token) }

  /// Where a request comes from: the first address from the right that is not a trusted proxy's.
  func client(of request: HTTPRequest, from peer: SocketAddress?) -> ClientAddress {
    guard isTrusted(peer) else { return ClientAddress(peer) }
    let named = request.headerFields[values: .xForwardedFor].joined(separator: ",").split(separator: ",")
    for text in named.reversed() {
      // What is no address was not written by a proxy that can be believed.
      guard let address = IPAddress(text.filter { $0 != " " && $0 != "\t" }) else { break }
      if !rules.trustedProxies.contains(where: { $0.contains(address) }) { return ClientAddress(address) }
    }
    return ClientAddress(peer)
  }

  /// The foreign origin that may read the response; nil when there is none.
  func allowedOrigin(of request: HTTPRequest) -> String? {
    guard let origin = request.headerFields[.origin], isAllowed(origin) else { return nil }
    return origin
  }

  // MARK: Tokens

  /// Whether a load balancer may ask for it without a token.
  private static func isOpen(_ request: IncomingRequest) -> Bool {
    (request.head.method == .get || request.head.method == .head) && request.path == "/healthz"
  }

  private static func candidates(in request: IncomingRequest) -> [String] {
    let credentials = request.head.headerFields[values: .authorization].compactMap(credential)
    // What is empty is no token, and no guess.
    return ((request.token.map { [$0] } ?? []) + credentials).filter { !$0.isEmpty }
  }

  /// A bearer token, or the password of the basic scheme with any user's name (RFC 6750, RFC 7617).
  private static func credential(_ field: String) -> String? {
    let words = field.split(separator: " ", omittingEmptySubsequences: true)
    guard words.count == 2 else { return nil }
    switch words[0].lowercased() {
    case "bearer": return String(words[1])
    case "basic":
      guard let bytes = Base64.decode(words[1].utf8), let colon = bytes.firstIndex(of: UInt8(ascii: ":")) else {
        return nil
      }
      return String(decoding: bytes[(colon + 1)...], as: UTF8.self)
    default: return nil
    }
  }

  // MARK: Names and origins

  private func isTrusted(_ peer: SocketAddress?) -> Bool {
    guard !rules.trustedProxies.isEmpty, let address = peer.flatMap({ IPAddress($0) }) else { return false }
    return rules.trustedProxies.contains { $0.contains(address) }
  }

  private func isAllowed(_ origin: String) -> Bool {
    origins.contains(Self.plain(origin: origin))
  }

  private func isOwn(_ origin: String, _ request: HTTPRequest, from peer: SocketAddress?) -> Bool {
    let address = publicAddress(of: request, from: peer)
    guard let authority = address.authority else { return false }
    let plain = Self.plain(origin: origin)
    let schemes = address.scheme.map { [$0] } ?? ["http", "https"]
    return schemes.contains { plain == Self.plain(origin: "\($0)://\(authority)") }
  }

  /// How the client reached the server: its name and port, and the scheme where that is known.
  ///
  /// A trusted proxy says so in `X-Forwarded-Host` and `X-Forwarded-Proto`. Of several values the last counts: it is the one
  /// that the trusted proxy wrote itself, while those before may be the client's own.
  func publicAddress(
    of request: HTTPRequest,
    from peer: SocketAddress?
  ) -> (scheme: String?, authority: String?) {
    guard isTrusted(peer) else { return (nil, request.authority) }
    let scheme = Self.lastValue(of: .xForwardedProto, in: request)?.lowercased()
    return (
      scheme.flatMap { $0 == "http" || $0 == "https" ? $0 : nil },
      Self.lastValue(of: .xForwardedHost, in: request) ?? request.authority
    )
  }

  private static func lastValue(of name: HTTPField.Name, in request: HTTPRequest) -> String? {
    let last = request.headerFields[values: name].joined(separator: ",").split(separator: ",").last
    let value = last.map { String($0.filter { $0 != " " && $0 != "\t" }) }
    return value.flatMap { $0.isEmpty ? nil : $0 }
  }

  /// An origin as it is compared: lower case, without a slash at its end or the port that its scheme has anyway.
  private static func plain(origin: String) -> String {
    var text = origin.lowercased()[...]
    if text.hasSuffix("/") { text = text.dropLast() }
    if text.hasPrefix("http://"), text.hasSuffix(":80") { text = text.dropLast(3) }
    if text.hasPrefix("https://"), text.hasSuffix(":443") { text = text.dropLast(4) }
    return String(text)
  }

  private static func isLoopback(host: String) -> Bool {
    let host = host.lowercased()
    let isBracketed = host.hasPrefix("[")
    let name = isBracketed ? host.dropFirst().prefix { $0 != "]" } : host.prefix { $0 != ":" }
    // Behind the name stands a port or nothing (RFC 9110 section 7.2): what else there is could be another's name.
    var rest = host[name.endIndex...]
    if isBracketed, rest.popFirst() == nil { return false }
    guard rest.isEmpty || (rest.hasPrefix(":") && rest.dropFirst().utf8.allSatisfy { (0x30...0x39).contains($0) })
    else {
      return false
    }
    if name == "localhost" || name.hasSuffix(".localhost") { return true }
    return IPAddress(name)?.isLoopback ?? false
  }
}

/// Who may use the server.
package struct AccessRules: Sendable {
  /// What every request but `/healthz` must show; nil when nothing is asked.
  package var token: AccessToken?
  /// Origins besides the server's own whose web pages may use it, as browsers write them: `https://app.example`.
  package var allowedOrigins: [String] = []
  /// Proxies whose `X-Forwarded-For`, `X-Forwarded-Host` and `X-Forwarded-Proto` are believed.
  package var trustedProxies: [AddressRange] = []

  package init() {}
}
