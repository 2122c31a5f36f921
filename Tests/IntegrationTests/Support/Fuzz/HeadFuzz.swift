/// Request headers: each line valid or malformed.
enum HeadFuzz {
  private static let methods = [
    "OPTIONS", "DELETE", "PATCH", "TRACE", "MKCOL", "MKCOL", "CONNECT", "PRI", "put",
    "M-SEARCH", "", " GET", "G\u{0}T", "ÜPUT", String(repeating: "P", count: 300),
  ]
  private static let targets = [
    "/", "/files", "/files/", "/files/a", "/files/..%2F..%2Fescaped", "/files/%", "/files/link", "/healthz", "/metrics",
    "/files/link/a", "/files/d/", "/files/d/e/f", "/files/?format=tar", "/files/d/../../escaped", "/d//%2E/f",
    "/files/d",
    "/stream-upload?name=d/e/g&paths=keep", "/file-upload?paths=keep",
    "/stream-upload", "/stream-upload?name=a", "/stream-upload?name=%", "/stream-upload?name=a&name=b&token=c",
    "/file-upload", "/a", "/a?b", "/a#b", "*", "", "http://localhost/a", "http://localhost:99999/a", "http:///a", "//a",
    "/%", "/a b", "/\t", "/ü", "/\u{0}", "localhost:80", "a", "?",
  ]
  private static let longTargets = [
    "/" + String(repeating: "a/", count: 2500), "/" + String(repeating: "a", count: 70_000),
  ]
  private static let versions = [
    "HTTP/1.0", "HTTP/2.0", "HTTP/0.9", "HTTP/1.", "HTTP/1.10", "http/1.1", "HTTP/11.1", "HTTP/1.1 ", "HTTP /1.1",
    "HTTQ/1.1", "",
  ]
  private static let lineEnds = ["\n", "\r", "\r\r\n", "\n\r", "", " \r\n", "\r\n "]
  private static let hosts = [
    "", "Host: localhost\r\nHost: localhost", "Host: evil.example", "Host:", "Host: [::1]", "Host: [::1", "Host: a b",
    "Host: localhost:99999", "Host : localhost", " Host: localhost", "Host: localhost, evil.example",
    "Host: user@localhost",
    "Host: \u{0}", "Host: ü", "Host: " + String(repeating: "h", count: 17_000),
  ]
  private static let lengths = [
    "Content-Length: 5", "Content-Length: 0", "Content-Length: +5", "Content-Length: -1", "Content-Length: 5, 5",
    "Content-Length: 5\r\nContent-Length: 5", "Content-Length: 5\r\nContent-Length: 6", "Content-Length: 0x5",
    "Content-Length: 18446744073709551616", "Content-Length: 18446744073709551615",
    "Content-Length: 9223372036854775808", "Content-Length: 9223372036854775807", "Content-Length: 1048577",
    "Content-Length: 1048576", "Content-Length: 5 5", "Content-Length:", "Content-Length:\t5\t", "Content-Length : 5",
    "Content-Length: 0000000000000000000000005", "Content-Length: ٥", "Content-Length: 1e1", "Content-Length\u{0}: 5",
    "Transfer-Encoding: chunked", "Transfer-Encoding: Chunked", "Transfer-Encoding: chunked, chunked",
    "Transfer-Encoding: gzip, chunked", "Transfer-Encoding: identity", "Transfer-Encoding: chunked;q=1",
    "Transfer-Encoding: , chunked", "Transfer-Encoding: chunked,", "Transfer-Encoding: \u{B}chunked",
    "Transfer-Encoding:\r\n chunked", "Transfer-Encoding:", "Transfer-Encoding : chunked", "Transfer-Encoding: x",
    "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity", "Transfer-Encoding: chunked\r\nContent-Length: 5",
  ]
  private static let fields = [
    "Expect: 100-continue", "Expect: 100-Continue", "Expect: 200-ok", "Expect:", "Origin: http://evil.example",
    "Origin: null", "Origin: http://localhost", "Origin:", "Origin: \u{7F}", "Connection: close",
    "Connection: keep-alive", "Connection: close, keep-alive", "Connection: Upgrade\r\nUpgrade: websocket",
    "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__", "Upgrade: TLS/1.3",
    "Repr-Digest: sha-256=:AAAA:", "Repr-Digest: sha-256=:uU0nuZNNPgilLlLX2n2r+sSE7+N6U4DukIj3rOLvzek=:",
    "Repr-Digest: (", "Repr-Digest: sha-256", "Repr-Digest: md5=:AAAA:", "Content-Digest: sha-512=:====:",
    "Want-Repr-Digest: sha-256=1", "Want-Repr-Digest: sha-512=99999999999999999999", "Want-Repr-Digest: \"",
    "Range: bytes=0-0", "Range: bytes=-1", "Range: bytes=99999999999999999999-", "Range: bytes=5-2", "Range: x",
    "Range: bytes=0-0,2-3", "If-Range: \"x\"", "If-None-Match: *", "If-Modified-Since: Sun, 06 Nov 1994 08:49:37 GMT",
    "If-Modified-Since: Sun, 99 Nov 99999 08:49:37 GMT", "Accept: text/html", "Accept-Encoding: gzip, br;q=",
    "Content-Type: multipart/form-data; boundary=Z", "Content-Type: multipart/form-data", "Content-Type: /",
    "Content-Type: text/plain;\u{1B}[2J", "Content-Encoding: gzip", "Content-Range: bytes 0-4/5",
    "Content-Disposition: attachment; filename=\"../escaped\"", "Content-Disposition: attachment; filename*=utf-8''%FF",
    "Content-Disposition: ;;;", "Authorization: Basic Og==", "Authorization: Basic \u{FF}", "Authorization: Bearer ",
    "X-Forwarded-For: 127.0.0.1, ::1, x", "Access-Control-Request-Method: PUT", "Trailer: Repr-Digest", "TE: trailers",
    "Date: x", "Max-Forwards: 0", "X: a\r\n folded", "X: a\r\n\tfolded", "X: a\rb", "X: a\nb", "X: a\u{0}b", "no colon",
    ": no name", "X :y", "Näme: ü", "X: \u{FF}\u{FE}", "(: x", "X:" + String(repeating: " ", count: 300),
    "X: " + String(repeating: "x", count: 15_000), "X: " + String(repeating: "x", count: 17_000),
    String(repeating: "n", count: 17_000) + ": x", Array(repeating: "X: y", count: 130).joined(separator: "\r\n"),
  ]
  private static let bodies = [
    "", "hello", "5\r\nhello\r\n0\r\n\r\n", "hello, and more than that", "he",
    "--Z\r\nContent-Disposition: form-data; name=\"a\"; filename=\"b\"\r\n\r\nc\r\n--Z--\r\n", "\r\n\r\n", "\u{0}",
  ]
  /// A valid request; as the first one it gets 200 whatever follows.
  static let good = "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"

  static func make(_ random: inout FuzzRandom) -> [UInt8] {
    // Headers with one error get further than those with many.
    let rarity = random.pick([1, 3, 10])
    var bytes: [UInt8] = []
    if random.oneIn(6) { bytes.add(random.pick(["\r\n", "\n", " ", "\u{0}", good, good, good])) }
    let method = random.oneIn(4 * rarity) ? random.pick(methods) : random.pick(["GET", "GET", "HEAD", "PUT", "POST"])
    // Rarely, or the long ones would be most of all that is sent.
    let target = random.oneIn(30 * rarity) ? random.pick(longTargets) : random.pick(targets)
    let version = random.oneIn(8 * rarity) ? random.pick(versions) : "HTTP/1.1"
    var lines = ["\(method) \(target) \(version)", random.oneIn(6 * rarity) ? random.pick(hosts) : "Host: localhost"]
    if random.oneIn(rarity) { lines += (0..<random.below(3)).map { _ in random.pick(lengths) } }
    lines += (0..<random.below(5 - rarity / 3)).map { _ in random.pick(fields) }
    for line in lines + [""] {
      bytes.add(line)
      bytes.add(random.oneIn(30 * rarity) ? random.pick(lineEnds) : "\r\n")
    }
    bytes.add(random.pick(bodies))
    if random.oneIn(3) { bytes.add(good) }
    return bytes
  }
}
