import HTTPTypes
import UploadCore
import UploadProtocol
import UploadStorage

/// The links of a page: relative to the address it was requested under, so that they stay below the prefix of a proxy such
/// as nginx's `location /up/ { proxy_pass http://127.0.0.1:8080/; }`, which the server never sees.
struct PageLinks: Sendable {
  /// From the page to the front page, without the token: `./`, or one `../` for each directory of the page's own path.
  let root: String
  /// The token in the address that the page was requested with, which its links pass on. Empty without one.
  private let query: String

  /// - Parameters:
  ///   - path: of the request, as it was sent, with or without a query; begins with a slash.
  ///   - token: in clear; it is escaped here. nil without one.
  init(path: String, token: String?) {
    let depth = path.utf8.prefix { $0 != UInt8(ascii: "?") }.count { $0 == UInt8(ascii: "/") } - 1
    root = depth > 0 ? String(repeating: "../", count: depth) : "./"
    query = token.map { "?token=" + PercentEncoding.encode($0) } ?? ""
  }

  init(_ request: HTTPRequest) {
    self.init(path: request.path ?? "/", token: IncomingRequest(request).token)
  }

  /// The front page with the form.
  var front: String { to("") }

  /// Any page or endpoint.
  /// - Parameter path: below the server's root, without the leading slash; escaped.
  func to(_ path: String) -> String { root + path + query }
}

extension StoredFile {
  /// The name, byte for byte, as one component of a URL's path.
  var urlComponent: String { PercentEncoding.encode(nameBytes.bytes) }

  /// Where it can be downloaded, as a reference relative to the URL of a request (RFC 3986 section 4.2): right also behind
  /// a proxy that adds a prefix to all paths or removes one.
  /// - Parameter path: the request's, with or without a query.
  func url(relativeTo path: String) -> String {
    PageLinks(path: path, token: nil).to("files/" + urlComponent)
  }
}
