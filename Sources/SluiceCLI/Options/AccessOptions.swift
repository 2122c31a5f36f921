import ArgumentParser
import UploadCore
import UploadServer

/// Access to a server: options of every command that hosts one.
struct AccessOptions: ParsableArguments {
  @Option(
    "Access token clients must present. (default: none on loopback, otherwise generated)",
    value: "token",
    discussion: "Other users of the machine can read it in the list of processes; SLUICE_TOKEN is not visible there."
  )
  var token: String?

  @Flag(help: "Accept every client that can reach the server, without a token.")
  var open = false

  @Option("Origin whose web pages may use the server; may be repeated.", value: "origin")
  var allowOrigin: [String] = []

  @Option("Address or network of a proxy whose X-Forwarded-* fields are trusted; may be repeated.", value: "address")
  var trustedProxy: [String] = []

  mutating func validate() throws {
    guard !open || token == nil else { throw ValidationError("--open and --token exclude each other.") }
    for origin in allowOrigin where !Self.isOrigin(origin) {
      let shown = PlainText.sanitized(origin)
      throw ValidationError(
        "\"\(shown)\" is not an origin. Write scheme://host or scheme://host:port without a path, such as https://app.example."
      )
    }
    _ = try validated { () throws(UploadError) in try rules(host: "localhost") }
  }

  /// Rejects a plain TCP listener that would bypass the token: raw TCP cannot carry one.
  func checkRawPort(host: String) throws {
    guard token == nil else {
      throw ValidationError("--raw-port cannot check a token: leave out --token or --raw-port.")
    }
    guard open || LoopbackName.contains(host) else {
      let shown = PlainText.sanitized(host)
      throw ValidationError("--raw-port accepts files from all clients that reach \(shown). Allow this with --open.")
    }
  }

  /// The server's access rules, with a generated token where one is needed and none was given.
  /// - Throws: ``UploadError`` with code `badValue`.
  func rules(host: String) throws(UploadError) -> AccessRules {
    var rules = AccessRules()
    if let token {
      rules.token = try AccessToken(token)
    } else if !open, !LoopbackName.contains(host) {
      rules.token = AccessToken()
    }
    rules.allowedOrigins = allowOrigin
    for proxy in trustedProxy { rules.trustedProxies.append(try AddressRange(parsing: proxy)) }
    return rules
  }

  /// Whether a browser may write `text` as the origin of a page: `scheme://host`, or `scheme://host:port` (RFC 6454
  /// section 6.2). All pages without an origin share the origin `null`: allowing it would allow any page.
  private static func isOrigin(_ text: String) -> Bool {
    text.wholeMatch(of: /[A-Za-z][A-Za-z0-9+.\-]*:\/\/([A-Za-z0-9._\-]+|\[[0-9A-Fa-f:.]+\])(:([0-9]{1,5}))?/)
      .map { $0.3.map { (1...65_535).contains(Int($0) ?? 0) } ?? true } ?? false
  }
}
