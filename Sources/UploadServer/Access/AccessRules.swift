import HTTPTypes
package import UploadProtocol

/// Who may use the server over HTTP. By default no token is required, and pages of foreign origins are rejected.
package struct AccessRules: Sendable {
  /// The token that every HTTP request must present, except GET and HEAD of `/` and `/healthz`, and preflight requests
  /// of ``allowedOrigins``; nil when none is required.
  package var token: AccessToken?
  /// Whether only the owner may list and download files and read metrics; all others may only upload.
  package var isDropBox = false
  /// The token of a drop box's owner, which is as good as ``token`` for everything else. Without one, a drop box has no
  /// request that may read. Not used elsewhere.
  package var ownerToken: AccessToken?
  /// Origins besides the server's own whose web pages may use it, such as `https://app.example`. Case, a final slash
  /// and the scheme's default port make no difference.
  package var allowedOrigins: [String] = []
  /// Addresses of proxies whose `X-Forwarded-For`, `X-Forwarded-Host` and `X-Forwarded-Proto` fields are believed. From
  /// other peers these fields are ignored.
  package var trustedProxies: [AddressRange] = []

  package init() {}
}

/// What a request may do.
enum AccessRole: String, Sendable, CaseIterable {
  /// Upload: a request to a drop box without its owner's token.
  case visitor
  /// Everything: every accepted request to a server that is no drop box, and those with the owner's token.
  case owner

  /// Whether this role may do what another one may.
  func includes(_ other: AccessRole) -> Bool { self == .owner || other == .visitor }
}

/// What a request must prove before it is served.
enum AccessRequirement: Sendable, Equatable {
  /// Nothing, since it reads nothing that clients have sent: its credentials are not even read.
  case none
  /// Nothing, since the server requires no token. Credentials may still give it a role.
  case anyone
  /// That it has a role.
  case role(AccessRole)

  /// The paths that visitors of a drop box may read besides unfinished uploads. All others are the owner's, so that no
  /// way to write a path differently leads to a file.
  private static let visitorPaths: Set<String> = ["/", "/healthz", "/info", ResumableRoute.root]
  /// Health checks of load balancers, and the upload page, which is the same for all clients.
  private static let openPaths: Set<String> = ["/", "/healthz"]

  init(_ request: IncomingRequest, _ rules: AccessRules) {
    let reads = request.head.method == .get || request.head.method == .head
    if reads, Self.openPaths.contains(request.path) {
      self = .none
    } else if rules.isDropBox, reads, !Self.isForVisitors(request.path) {
      self = .role(.owner)
    } else {
      self = rules.token == nil ? .anyone : .role(.visitor)
    }
  }

  private static func isForVisitors(_ path: String) -> Bool {
    if visitorPaths.contains(path) { return true }
    // The ID of an unfinished upload, which only the client that created it knows.
    let prefix = ResumableRoute.root + "/"
    return path.hasPrefix(prefix)
      && path.utf8.dropFirst(prefix.utf8.count).allSatisfy { $0.isAlphanumeric || "-_".utf8.contains($0) }
  }
}
