import NIOHTTP1
import UploadCore

/// Rules of HTTP/1 that are checked before the request is converted to its version-independent form: the version, the
/// `Host` fields and the connection's persistence are not all visible afterwards (RFC 9112 sections 3.2, 6.1 and 9.3).
enum RequestRules {
  /// Checks the headers of a request.
  /// - Returns: the headers. Where the connection ends with this request, as it does with HTTP/1.0, the `Connection`
  ///   field is exactly `close`, the only spelling that later handlers look for. HTTP/1.0 loses its `Expect` field. A target in absolute form
  ///   is replaced by its path and query, and the `Host` field by its authority.
  /// - Throws: ``UploadError`` with code `notImplemented` for a transfer coding that is not `chunked` alone, sent with
  ///   HTTP/1.1 and without `Content-Length`; `badRequest` for everything else that breaks a rule.
  static func checked(_ head: HTTPRequestHead) throws(UploadError) -> HTTPRequestHead {
    var head = head
    let hosts = head.headers["host"]
    guard hosts.count == 1 || (hosts.isEmpty && head.version == .http1_0) else {
      throw UploadError(.badRequest, "Send exactly one Host field. This request has \(hosts.count).")
    }
    guard hosts.allSatisfy({ $0.utf8.allSatisfy(isHostByte) }) else {
      throw UploadError(.badRequest, "Malformed Host field. Send a host name or an address, with or without a port.")
    }
    if let target = absoluteTarget(head.uri) {
      guard !target.authority.isEmpty, target.authority.utf8.allSatisfy(isHostByte) else {
        throw UploadError(.badRequest, "Malformed host in the request target. Send the path alone, and a Host field.")
      }
      // What a Host field says beside it does not count (RFC 9112 section 3.2.2).
      head.headers.replaceOrAdd(name: "host", value: target.authority)
      head.uri = target.path
    }
    guard head.method != .CONNECT else {
      throw UploadError(.badRequest, "CONNECT is not supported: this server is not a proxy.")
    }
    // The fields as they were sent: NIO ignores the empty elements of a list, and another server might not.
    let codings = head.headers["transfer-encoding"].map {
      $0.lowercased().split { $0 == " " || $0 == "\t" }.joined(separator: " ")
    }
    if !codings.isEmpty {
      guard head.version != .http1_0 else {
        throw UploadError(.badRequest, "HTTP/1.0 has no transfer codings. Send a Content-Length, or use HTTP/1.1.")
      }
      guard !head.headers.contains(name: "content-length") else {
        throw UploadError(.badRequest, "Content-Length and Transfer-Encoding exclude each other. Send one of them.")
      }
      guard codings == ["chunked"] else {
        throw UploadError(.notImplemented, "Transfer coding not supported. Supported: chunked.")
      }
    }
    // HTTP/1.0 has no interim responses: the expectation is to be ignored (RFC 9110 section 10.1.1).
    if head.version == .http1_0 { head.headers.remove(name: "expect") }
    // The server never upgrades, but after such a request the decoder stops and keeps what follows undecoded.
    let isLast = !head.isKeepAlive || head.headers.contains(name: "upgrade")
    if isLast || head.version == .http1_0 { head.headers.replaceOrAdd(name: "connection", value: "close") }
    return head
  }

  /// The authority of a target in absolute form, as proxies get it, without a user name and password, and the path with
  /// the query; nil for other forms.
  private static func absoluteTarget(_ target: String) -> (authority: String, path: String)? {
    // As almost all: the match is slow.
    guard target.utf8.first != UInt8(ascii: "/") else { return nil }
    guard let scheme = target.prefixMatch(of: /https?:\/\//.ignoresCase()) else { return nil }
    let rest = target[scheme.range.upperBound...]
    let authority = rest.prefix { !"/?#".contains($0) }
    let path = rest[authority.endIndex...]
    let host = authority.lastIndex(of: "@").map { authority[$0...].dropFirst() } ?? authority
    return (String(host), path.hasPrefix("/") ? String(path) : "/" + path)
  }

  /// Whether a byte may be part of a name, an address or a port (RFC 3986 section 3.2). A comma may as well, but is
  /// rejected: it is how two hosts in one field look.
  static func isHostByte(_ byte: UInt8) -> Bool {
    byte.isAlphanumeric || "-._~%!$&'()*+;=:[]".utf8.contains(byte)
  }
}
