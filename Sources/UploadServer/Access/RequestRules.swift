import NIOHTTP1
import UploadCore

/// Rules of HTTP/1 that must be held before the request is turned into its version-free form: the version, the `Host`
/// fields and the connection's persistence are not all visible afterwards (RFC 9112 sections 3.2, 6.1 and 9.3).
enum RequestRules {
  /// Checks a head and makes its `Connection` field say `close` in just that spelling when the connection ends with
  /// this request, as the parts behind look for it so.
  /// - Throws: ``UploadError`` with code `badRequest` or `notImplemented`.
  static func checked(_ head: HTTPRequestHead) throws(UploadError) -> HTTPRequestHead {
    let hosts = head.headers["host"]
    guard hosts.count == 1 || (hosts.isEmpty && head.version == .http1_0) else {
      throw UploadError(.badRequest, "A request must have exactly one Host field; this one has \(hosts.count).")
    }
    guard hosts.allSatisfy({ $0.utf8.allSatisfy(isHostByte) }) else {
      throw UploadError(.badRequest, "The Host field is no name or address, with or without a port.")
    }
    guard head.method != .CONNECT else {
      throw UploadError(.badRequest, "This is no proxy: CONNECT is not for it.")
    }
    // As they are written: NIO leaves out the empty elements of a list, and another server might not.
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
        throw UploadError(.notImplemented, "The only transfer coding known here is chunked.")
      }
    }
    var head = head
    // HTTP/1.0 knows no interim responses: the expectation is to be ignored (RFC 9110 section 10.1.1).
    if head.version == .http1_0 { head.headers.remove(name: "expect") }
    // No other protocol is served here, but the decoder stops behind such a request and keeps what follows undecoded.
    let isLast = !head.isKeepAlive || head.headers.contains(name: "upgrade")
    if isLast || head.version == .http1_0 { head.headers.replaceOrAdd(name: "connection", value: "close") }
    return head
  }

  /// Whether a byte can stand in a name, an address or a port (RFC 3986 section 3.2). The comma could, but two hosts in
  /// one field look so.
  private static func isHostByte(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"):
      true
    default: "-._~%!$&'()*+;=:[]".utf8.contains(byte)
    }
  }
}
