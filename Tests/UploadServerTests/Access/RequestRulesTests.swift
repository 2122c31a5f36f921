import NIOCore
import NIOHTTP1
import Testing
import UploadCore

@testable import UploadServer

@Suite struct RequestRulesTests {
  private func check(_ fields: [(String, String)], _ version: HTTPVersion = .http1_1) throws(UploadError) -> HTTPHeaders
  {
    let head = HTTPRequestHead(version: version, method: .POST, uri: "/", headers: HTTPHeaders(fields))
    return try RequestRules.checked(head).headers
  }

  private func code(_ fields: [(String, String)], _ version: HTTPVersion = .http1_1) -> UploadError.Code? {
    do {
      _ = try check(fields, version)
      return nil
    } catch {
      return error.code
    }
  }

  private static let host = ("Host", "a")

  @Test func `exactly one Host field is required, but HTTP/1.0 may omit it`() {
    #expect(code([]) == .badRequest)
    #expect(code([Self.host]) == nil)
    #expect(code([("hOsT", "a")]) == nil)
    #expect(code([Self.host, Self.host]) == .badRequest)
    #expect(code([("Host", "a"), ("host", "b")]) == .badRequest)
    #expect(code([], .http1_0) == nil)
    #expect(code([Self.host, Self.host], .http1_0) == .badRequest)
  }

  @Test(arguments: [
    ("http://files.example:81/a/b?c=d", "files.example:81", "/a/b?c=d"), ("HTTPS://h", "h", "/"),
    ("http://h?x", "h", "/?x"),
    ("http://user:secret@h/", "h", "/"), ("/http://h/a", "a", "/http://h/a"), ("/", "a", "/"), ("*", "a", "*"),
  ])
  func `the authority of a target in absolute form replaces Host`(target: String, host: String, path: String) throws {
    let head = HTTPRequestHead(version: .http1_1, method: .GET, uri: target, headers: HTTPHeaders([Self.host]))
    let checked = try RequestRules.checked(head)
    #expect(checked.headers["host"] == [host] && checked.uri == path)
  }

  @Test(arguments: [HTTPParserError.unknown, .strictModeAssertion, .paused, .invalidInternalState, .invalidMethod])
  func `a malformed request is rejected in plain words`(error: HTTPParserError) {
    let message = UploadError.unreadable(error)?.message ?? ""
    #expect(message.hasPrefix("Malformed HTTP request: it"), "\(message)")
    for word in ["parser", "assertion", "paused", "internal"] { #expect(!message.contains(word), "\(message)") }
  }

  @Test func `headers over a limit are rejected with another code than malformed ones`() {
    var beginning = RequestBeginning()
    #expect(UploadError.unreadable(HTTPParserError.headerOverflow, beginning)?.code == .headersTooLarge)
    let bytes = ByteBuffer(repeating: UInt8(ascii: "x"), count: 20_000)
    beginning.note(bytes.readableBytes, of: bytes, isFirst: true)
    #expect(UploadError.unreadable(HTTPParserError.headerOverflow, beginning)?.code == .addressTooLong)
    #expect(UploadError.unreadable(HTTPParserError.invalidMethod, beginning)?.code == .badRequest)
  }

  @Test(arguments: ["http://", "http:///a", "http://user@/", "http://a,b/"])
  func `a target in absolute form without a valid host is rejected`(target: String) {
    let head = HTTPRequestHead(version: .http1_1, method: .GET, uri: target, headers: HTTPHeaders([Self.host]))
    #expect(throws: UploadError.self) { try RequestRules.checked(head) }
  }

  @Test(arguments: [
    (["chunked"], nil), (["Chunked"], nil), (["gzip"], .notImplemented), (["gzip, chunked"], .notImplemented),
    (["chunked, chunked"], .notImplemented), (["chunked", "chunked"], .notImplemented), (["identity"], .notImplemented),
    (["chunked, gzip"], .notImplemented), (["xchunked"], UploadError.Code.notImplemented),
  ])
  func `chunked is the only accepted transfer coding, and none is with HTTP/1.0 or a Content-Length`(
    codings: [String],
    expected: UploadError.Code?
  ) {
    let fields = [Self.host] + codings.map { ("Transfer-Encoding", $0) }
    #expect(code(fields) == expected)
    #expect(code(fields, .http1_0) == .badRequest)
    #expect(code(fields + [("Content-Length", "1")]) == .badRequest)
  }

  @Test(arguments: [
    ([], HTTPVersion.http1_1, [] as [String]), (["close"], .http1_1, ["close"]), (["Close"], .http1_1, ["close"]),
    (["keep-alive"], .http1_1, ["keep-alive"]), (["foo, CLOSE"], .http1_1, ["close"]),
    (["foo", "close"], .http1_1, ["close"]),
    ([], .http1_0, ["close"]), (["keep-alive"], .http1_0, ["close"]),
  ])
  func `the Connection field of a connection's last request is exactly close`(
    given: [String],
    version: HTTPVersion,
    expected: [String]
  )
    throws
  {
    let headers = try check([Self.host] + given.map { ("Connection", $0) }, version)
    #expect(headers["connection"] == expected)
  }

  @Test func `the Expect field is removed from HTTP/1.0 requests`() throws {
    let fields = [Self.host, ("Expect", "100-continue")]
    #expect(try check(fields)["expect"] == ["100-continue"])
    #expect(try check(fields, .http1_0)["expect"] == [])
  }

  @Test func `header fields that no rule concerns are unchanged`() throws {
    let headers = try check([Self.host, ("X-A", "1"), ("Content-Length", "3")])
    #expect(headers == HTTPHeaders([("Host", "a"), ("X-A", "1"), ("Content-Length", "3")]))
  }
}
