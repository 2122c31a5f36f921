import Basics
import HTTPTypes

/// The tokens that a request presents: as the parameter `token` of its query, as a bearer token (RFC 6750), or as the
/// password of the basic scheme with any user name (RFC 7617).
struct PresentedTokens: Sendable {
  /// How many tokens of one request are compared: a parameter and a header field, and one to spare. Further ones are
  /// ignored, and are no guesses.
  private static let maximum = 3
  /// Means no token where a field must have one: the upload page sends `Bearer -` so that a 401 response opens
  /// no password dialog.
  private static let none = "-"

  /// At most ``maximum``, that of the query first. Empty ones and `-` are no guesses, and left out.
  let tokens: [String]

  init(_ request: IncomingRequest) {
    let credentials = request.head.headerFields[values: .authorization].compactMap(Self.credential)
    let all = ((request.token.map { [$0] } ?? []) + credentials).filter { !$0.isEmpty && $0 != Self.none }
    tokens = Array(all.prefix(Self.maximum))
  }

  /// How many of them are not this token.
  func count(otherThan token: AccessToken?) -> Int {
    tokens.count { token?.matches($0) != true }
  }

  /// Whether one of them is this token.
  func contains(_ token: AccessToken) -> Bool { tokens.contains(where: token.matches) }

  /// A bearer token or a password; nil for all other values of `Authorization`.
  private static func credential(_ field: String) -> String? {
    let parts = field.split(separator: " ")
    guard parts.count == 2 else { return nil }
    switch parts[0].lowercased() {
    case "bearer": return String(parts[1])
    case "basic":
      let bytes = Base64.decode(parts[1].utf8) ?? []
      return bytes.firstIndex(of: UInt8(ascii: ":")).map { String(decoding: bytes[($0 + 1)...], as: UTF8.self) }
    default: return nil
    }
  }

  /// The values of `WWW-Authenticate` in a 401 response to a request: the schemes by which a client may present the
  /// token. Because of `Basic` a browser asks its user for a password, over the page that sent the request: not where
  /// the request has used `Bearer`, even without a token.
  static func challenges(for fields: HTTPFields) -> [String] {
    let bearer = "Bearer realm=\"sluice\""
    let usesBearer = fields[values: .authorization].contains { field in
      field.prefix { $0 != " " }.lowercased() == "bearer"
    }
    return usesBearer ? [bearer] : [bearer, "Basic realm=\"sluice\", charset=\"UTF-8\""]
  }
}
