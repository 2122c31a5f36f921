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
