import Crypto
import HTTPTypes
import NIOCore
import UploadCore
import UploadProtocol

/// Decides before a request's body is read whether to accept it. Rejects web pages of foreign origins that are not
/// allowed, and, where a token is required, requests without it and clients that have presented too many wrong ones. To
/// read files, a browser may present a ``SessionCookie`` instead. A client's address never gives it a right: behind a
/// proxy on this machine all have a loopback address. A server on a loopback address also rejects requests whose `Host`
/// is neither `localhost`, a name below it, nor a loopback address (DNS rebinding), unless a trusted proxy sends them.
/// Callable on any thread.
struct AccessGate: Sendable {
  /// What to do with a request.
  enum Decision {
    /// Serve it.
    /// - Parameters:
    ///   - role: what it may do.
    ///   - hasToken: whether it presented a right token; false also where it needs none, and for a cookie.
    case accept(AccessRole, hasToken: Bool)
    /// Reject it.
    /// - Parameter retryAfter: seconds until the client may retry; nil when they are not known.
    case reject(UploadError, retryAfter: Int? = nil)
    /// A browser asks whether a page of an allowed foreign origin may send a request (a CORS preflight request):
    /// respond with ``ServerResponse/preflight(_:)``.
    case preflight
  }

  /// Hides the server's tokens, and what clients present as one, in texts for events and logs.
  let redactor: TokenRedactor
  private let rules: AccessRules
  private let origins: Set<String>
  /// Whether the server listens on a loopback address alone, so that `Host` is checked.
  private let isLoopback: Bool
  private let guesses = TokenGuesses()
  private let cookie = SessionCookie()

  /// Identifies the token in records of uploads: the SHA-256 of the server's token in hexadecimal; nil when it requires
  /// none.
  let tokenHash: String?

  /// - Parameter isLoopback: whether the server listens on a loopback address alone.
  init(_ rules: AccessRules = AccessRules(), isLoopback: Bool = false) {
    redactor = TokenRedactor([rules.token, rules.ownerToken].compactMap { $0 })
    tokenHash = rules.token.map { Hexadecimal.text(SHA256.hash(data: Array($0.text.utf8))) }
    self.rules = rules
    origins = Set(rules.allowedOrigins.map { Self.normalized(origin: $0) })
    self.isLoopback = isLoopback
  }

  /// Decides about a request. Call it once for each: wrong tokens in it count against its client.
  func decision(on incoming: IncomingRequest, from source: RequestSource, at now: NIODeadline) -> Decision {
    let (request, peer) = (incoming.head, source.peer)
    // DNS rebinding: a page can have its own host name resolve to 127.0.0.1, but its requests carry that name.
    if isLoopback, !isTrusted(peer), let host = request.authority, !Self.isLoopback(host: host) {
      return Self.forbid("Host", host, "Use localhost or 127.0.0.1 in the URL.")
    }
    if let origin = request.headerFields[.origin] {
      guard isAllowed(origin) || isOwn(origin, request, from: peer) else {
        return Self.forbid("Origin", origin, "Allow web pages of another origin with --allow-origin.")
      }
      if request.method == .options, isAllowed(origin), request.headerFields[.accessControlRequestMethod] != nil {
        return .preflight
      }
    }
    return credentialsDecision(on: incoming, from: source, at: now)
  }

  /// Decides by the credentials alone.
  private func credentialsDecision(
    on incoming: IncomingRequest,
    from source: RequestSource,
    at now: NIODeadline
  ) -> Decision {
    let requirement = AccessRequirement(incoming, rules)
    guard requirement != .none, rules.token != nil || rules.isDropBox else {
      return .accept(roleOfAll, hasToken: false)
    }
    let known = role(ofCookieIn: incoming, from: source)
    // A cookie cannot be guessed: it counts also for an address that is blocked.
    if case .role(let needed) = requirement, let known, known.includes(needed) {
      return .accept(known, hasToken: false)
    }
    let block = guesses.blockedTime(of: source.client.key, at: now)
    let presented = PresentedTokens(incoming)
    let proved = role(of: presented, comparing: block == nil ? .owner : source.authenticated)
    // In a drop box a right token is no excuse for guessing the owner's beside it.
    if proved != .owner { guesses.note(presented.count(otherThan: rules.token), of: source.client.key, at: now) }
    guard case .role(let needed) = requirement else { return .accept(proved ?? roleOfAll, hasToken: proved != nil) }
    if let proved, proved.includes(needed) { return .accept(proved, hasToken: true) }
    if let block, !(source.authenticated?.includes(needed) ?? false) { return Self.block(for: block) }
    guard proved == nil, known == nil || !presented.tokens.isEmpty else { return .reject(Self.ownerAlone) }
    let message =
      "Access token \(presented.tokens.isEmpty ? "missing" : "wrong"). "
      + "Send Authorization: Bearer TOKEN, \(TokenRedactor.example) or TOKEN as the password."
      + (needed == .owner ? " Only the owner's token is accepted here." : "")
    return .reject(UploadError(.unauthorized, message))
  }

  /// What a request may do that proves nothing.
  private var roleOfAll: AccessRole { rules.isDropBox ? .visitor : .owner }

  /// What the right token among the presented ones allows; nil without one.
  /// - Parameter limit: the tokens of higher roles are not compared: the client may be guessing them. nil for no token.
  private func role(of presented: PresentedTokens, comparing limit: AccessRole?) -> AccessRole? {
    guard let limit else { return nil }
    if limit == .owner, rules.isDropBox, let owner = rules.ownerToken, presented.contains(owner) { return .owner }
    return rules.token.flatMap { presented.contains($0) ? roleOfAll : nil }
  }

  private func role(ofCookieIn incoming: IncomingRequest, from source: RequestSource) -> AccessRole? {
    guard SessionCookie.isAccepted(for: incoming) else { return nil }
    return cookie.role(in: incoming.head.headerFields, port: source.port, at: source.date)
  }

  /// Whether the sender of an accepted request may list and download files, as far as its credentials show.
  func mayRead(_ request: HTTPRequest, from peer: SocketAddress?, at now: NIODeadline = .now()) -> Bool {
    guard rules.isDropBox else { return true }
    // The response must not confirm a guess.
    guard guesses.blockedTime(of: client(of: request, from: peer).key, at: now) == nil else { return false }
    return role(of: PresentedTokens(IncomingRequest(request)), comparing: .owner) == .owner
  }

  /// The value of `Set-Cookie` by which a browser can follow links to files.
  /// - Parameters:
  ///   - role: what its token allows.
  ///   - source: of the request.
  ///   - baseURL: of the server's root as the client reaches it, without a slash at its end.
  func sessionCookie(for role: AccessRole, to source: RequestSource, baseURL: String) -> String {
    cookie.field(for: role, port: source.port, SessionCookie.Scope(baseURL: baseURL), at: source.date)
  }

  /// Whether only the owner may read.
  var isDropBox: Bool { rules.isDropBox }

  private static let ownerAlone = UploadError(
    .forbidden,
    "Files are visible to the owner of this server only. Send the owner's token (--admin-token) to list and download them."
  )

  /// Rejects the value of a header field, of which the message repeats the first 100 characters.
  private static func forbid(_ field: String, _ value: String, _ advice: String) -> Decision {
    let shown = PlainText.sanitized(String(value.prefix(100)))
    return .reject(UploadError(.forbidden, "\(field) not allowed: \"\(shown)\". \(advice)"))
  }

  private static func block(for time: TimeAmount) -> Decision {
    let seconds = Int((time.nanoseconds + 999_999_999) / 1_000_000_000)
    let message = "Too many wrong tokens from this address: \(TokenGuesses.limit) in a minute. Retry in \(seconds) s."
    return .reject(UploadError(.tooManyGuesses, message), retryAfter: seconds)
  }

  /// Where a request comes from. From a trusted proxy it is the last element of `X-Forwarded-For` that is not a trusted
  /// proxy's address, or the peer where that is malformed or there is none. From any other peer it is the peer.
  /// - Parameter peer: the other end of the connection; nil, when it is not known, gives the client "unknown".
  func client(of request: HTTPRequest, from peer: SocketAddress?) -> ClientAddress {
    guard isTrusted(peer) else { return ClientAddress(peer) }
    for text in Self.elements(of: .xForwardedFor, in: request).reversed() {
      // A trusted proxy writes only addresses.
      guard let address = IPAddress(text) else { break }
      if !isProxy(address) { return ClientAddress(address) }
    }
    return ClientAddress(peer)
  }

  /// The request's `Origin` as it was sent, if it is in ``AccessRules/allowedOrigins``, so that pages of that origin
  /// may read the response; otherwise nil.
  func allowedOrigin(of request: HTTPRequest) -> String? {
    request.headerFields[.origin].flatMap { isAllowed($0) ? $0 : nil }
  }

  // MARK: Names and origins

  private func isTrusted(_ peer: SocketAddress?) -> Bool {
    // Most servers have no proxy: then no address is parsed.
    guard !rules.trustedProxies.isEmpty, let address = peer.flatMap({ IPAddress($0) }) else { return false }
    return isProxy(address)
  }

  private func isProxy(_ address: IPAddress) -> Bool {
    rules.trustedProxies.contains { $0.contains(address) }
  }

  private func isAllowed(_ origin: String) -> Bool {
    origins.contains(Self.normalized(origin: origin))
  }

  private func isOwn(_ origin: String, _ request: HTTPRequest, from peer: SocketAddress?) -> Bool {
    let address = publicAddress(of: request, from: peer)
    guard let authority = address.authority else { return false }
    return (address.scheme.map { [$0] } ?? ["http", "https"]).contains {
      Self.normalized(origin: "\($0)://\(authority)") == Self.normalized(origin: origin)
    }
  }

  /// The server's address as the client used it, perhaps that of a proxy. The authority, a host with or without a port,
  /// is that of `X-Forwarded-Host`, otherwise of `Host`; nil without both. The scheme is that of `X-Forwarded-Proto`;
  /// nil where this is neither `http` nor `https`. Of several values in a forwarded field the last counts: it is the
  /// one that the trusted proxy wrote itself, while those before may be the client's own.
  /// - Parameter peer: the other end of the connection; the two fields count only if it is a trusted proxy.
  func publicAddress(of request: HTTPRequest, from peer: SocketAddress?) -> (scheme: String?, authority: String?) {
    guard isTrusted(peer) else { return (nil, request.authority) }
    let scheme = Self.elements(of: .xForwardedProto, in: request).last?.lowercased()
    let host = Self.elements(of: .xForwardedHost, in: request).last ?? ""
    return (["http", "https"].first { $0 == scheme }, host.isEmpty ? request.authority : host)
  }

  /// The URL at which the client reaches the server's root, without a final slash: `https://files.example/upload`. Empty
  /// where its host is not known, so that what is appended to it is a path. A prefix of the path counts only if a
  /// trusted proxy states it in `X-Forwarded-Prefix`.
  /// - Parameters:
  ///   - peer: the other end of the connection.
  ///   - scheme: the one of the server itself.
  func baseURL(of request: HTTPRequest, from peer: SocketAddress?, scheme: String) -> String {
    let address = publicAddress(of: request, from: peer)
    guard let authority = address.authority else { return "" }
    let prefix = isTrusted(peer) ? Self.elements(of: .xForwardedPrefix, in: request).last ?? "" : ""
    return "\(address.scheme ?? scheme)://\(authority)\(Self.isPrefix(prefix) ? prefix.withoutFinalSlashes : "")"
  }

  /// Whether a text is the beginning of a URL's path (RFC 3986 section 3.3).
  private static func isPrefix(_ text: String) -> Bool {
    text.hasPrefix("/") && !text.hasPrefix("//")
      && text.utf8.allSatisfy { $0.isAlphanumeric || "/-._~%!$&'()*+;=:@".utf8.contains($0) }
  }

  /// The elements of a header field that is a list, without spaces and tabs.
  private static func elements(of name: HTTPField.Name, in request: HTTPRequest) -> [String] {
    request.headerFields[values: name].joined(separator: ",").split(separator: ",").map(\.withoutBlanks)
  }

  /// An origin in the form in which origins are compared: lower case, without a slash at its end, and without the
  /// default port of its scheme.
  private static func normalized(origin: String) -> String {
    var text = origin.lowercased()[...]
    if text.hasSuffix("/") { text = text.dropLast() }
    if text.hasPrefix("http://"), text.hasSuffix(":80") { text = text.dropLast(3) }
    if text.hasPrefix("https://"), text.hasSuffix(":443") { text = text.dropLast(4) }
    return String(text)
  }

  /// Whether the value of a `Host` field is `localhost`, a name below it or a loopback address, with or without a port.
  private static func isLoopback(host: String) -> Bool {
    let host = host.lowercased()
    let isBracketed = host.hasPrefix("[")
    let name = isBracketed ? host.dropFirst().prefix { $0 != "]" } : host.prefix { $0 != ":" }
    // Only a port may follow (RFC 9110 section 7.2): anything else could make it the name of another machine.
    var rest = host[name.endIndex...]
    if isBracketed, rest.popFirst() == nil { return false }
    guard rest.isEmpty || (rest.hasPrefix(":") && rest.utf8.dropFirst().allSatisfy(\.isDigit)) else { return false }
    return name == "localhost" || name.hasSuffix(".localhost") || IPAddress(name)?.isLoopback == true
  }
}
