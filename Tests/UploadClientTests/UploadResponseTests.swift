import HTTPExchange
import NIOHTTP1
import Testing
import UploadCore

@testable import UploadClient

@Suite struct UploadResponseTests {
  private let sent = ExchangeResponse.Sent(name: "a.bin", bytes: 7, type: "x/y")

  private static func headers(_ location: String?) -> HTTPHeaders { location.map { ["Location": $0] } ?? [:] }

  private func upload(_ status: Int, _ body: String, reason: String = "", location: String? = nil) throws
    -> FinishedUpload
  {
    try ExchangeResponse(status: status, reason: reason, headers: Self.headers(location), body: Array(body.utf8))
      .finishedUpload(sent)
  }

  private func error(_ status: Int, _ body: String, reason: String = "", location: String? = nil) throws -> UploadError
  {
    try #require(throws: UploadError.self) { try upload(status, body, reason: reason, location: location) }
  }

  @Test func `a finished upload has the name, type and digest of the server's response`() throws {
    let digest = String(repeating: "0123456789abcdef", count: 4)
    let upload = try upload(
      201,
      #"{"status":201,"msg":"file uploaded","ok":true,"files":[{"name":"a (2).bin","size":7,"type":"z/z","#
        + #""sha256":"\#(digest)"}]}"#
    )
    #expect(upload == FinishedUpload(path: "a (2).bin", bytes: 7, type: "z/z", declaredType: "x/y", sha256: digest))
  }

  @Test(arguments: [
    "", "thanks", "[]", "{}", #"{"files":[]}"#, #"{"files":"many"}"#, #"{"files":[{"name":5,"size":"12 KB"}]}"#,
    #"{"files":[{"size":1},{"size":2}]}"#, #"{"files":[{"size":-1}]}"#, #"{"files":[{"sha256":"ab"}]}"#, "\u{0}\u{1}",
    #"{"files":[{"size":1e99}]}"#, #"{"files":[{"size":18446744073709551616}]}"#,
  ])
  func `a success without usable JSON has the name, size and type of the request`(body: String) throws {
    #expect(try upload(200, body) == FinishedUpload(path: "a.bin", bytes: 7, type: "x/y", declaredType: "x/y"))
  }

  private func url(
    _ body: String,
    location: String? = nil,
    uri: String? = "/files/a.bin?token=secret",
    isResumable: Bool = false,
    status: Int = 201
  ) throws -> String? {
    var response = ExchangeResponse(status: status, headers: Self.headers(location), body: Array(body.utf8))
    response.requestURI = uri
    var sent = sent
    (sent.target, sent.isResumable) = (try SendTarget("https://files.example.org/"), isResumable)
    return try response.finishedUpload(sent).url
  }

  @Test(arguments: [
    ("../files/a%20(2).bin", "/files/a%20(2).bin"), ("/files/b", "/files/b"), ("b?x=1&token=secret", "/files/b?x=1"),
    ("http://evil.example:99/c", "/c"), ("//evil.example/c", "/c"), ("https://u@evil/c", nil), ("a b", nil), ("é", nil),
    ("javascript:alert(1)", nil), ("", nil), ("\u{1B}[31m", nil),
  ])
  func `the URL of the stored file is on the server that it was sent to, without a token`(
    reference: String,
    path: String?
  ) throws {
    #expect(try url(#"{"files":[{"url":"\#(reference)"}]}"#) == path.map { "https://files.example.org" + $0 })
    #expect(try url("", location: reference) == path.map { "https://files.example.org" + $0 })
  }

  @Test func `without a URL in the response, and for another status or a resumable upload, Location is none`() throws {
    #expect(try url("") == nil && url("{}", status: 200) == nil)
    #expect(try url("", location: "/x", status: 200) == nil)
    #expect(try url("", location: "/uploads/1", isResumable: true) == nil)
    #expect(try url("", location: "/x", uri: nil) == nil)
    #expect(try url(#"{"files":[{"url":"../files/a"}]}"#, uri: "/uploads/1", isResumable: true, status: 200) != nil)
    #expect(try url(#"{"files":[{"url":5}]}"#) == nil && url(#"{"files":[{"url":"/a"},{"url":"/b"}]}"#) == nil)
  }

  @Test func `a success whose JSON is nested too deeply has the name of the request`() throws {
    #expect(try upload(200, String(repeating: "[", count: 60_000)).path == "a.bin")
    #expect(try upload(200, String(repeating: #"{"files":"#, count: 7_000)).path == "a.bin")
  }

  @Test(arguments: [302, 303]) func `302 and 303 are a success for a whole form only, other redirects never`(
    status: Int
  ) throws {
    let response = ExchangeResponse(
      status: status,
      reason: "Found",
      headers: ["Location": "/done"],
      body: Array("<html>".utf8)
    )
    var form = sent
    form.isWholeForm = true
    #expect(
      try response.finishedUpload(form) == FinishedUpload(path: "a.bin", bytes: 7, type: "x/y", declaredType: "x/y")
    )
    #expect(try #require(throws: UploadError.self) { try response.finishedUpload(sent) }.message.contains("/done"))
    for other in [301, 307, 308] {
      let response = ExchangeResponse(status: other, headers: ["Location": "/done"])
      #expect(throws: UploadError.self) { try response.finishedUpload(form) }
    }
  }

  @Test func `a response that states another size than was sent is a mismatch`() throws {
    let error = try error(201, #"{"files":[{"name":"a.bin","size":6}]}"#)
    #expect(error.code == .contentMismatch)
    #expect(error.message.contains("7 bytes"))
    #expect(error.message.contains("stored 6"))
  }

  @Test func `the error of a rejection has the server's message, else its text, else the reason phrase`() throws {
    let plain = try error(
      413,
      #"{"status":413,"msg":"too large; at most 5 MiB","ok":false}"#,
      reason: "Payload Too Large"
    )
    #expect(plain.code == .refusedByServer)
    #expect(plain.message == "HTTP 413: too large; at most 5 MiB")
    #expect(try error(500, "it\r\n  broke", reason: "x").message == "HTTP 500: it broke")
    #expect(try error(503, "", reason: "Service Unavailable").message == "HTTP 503: Service Unavailable")
    #expect(try error(400, #"{"msg":""}"#, reason: "Bad").message == #"HTTP 400: {"msg":""}"#)
  }

  @Test(arguments: [
    (false, "HTTP 401: Give the token with --token TOKEN or SLUICE_TOKEN."),
    (true, "HTTP 401: The token that was sent is not accepted. Check --token or SLUICE_TOKEN."),
  ])
  func `the error for 401 advises to give a token, or to check the one that was sent`(
    hasToken: Bool,
    message: String
  ) throws {
    var sent = sent
    sent.hasToken = hasToken
    for body in ["", #"{"status":401,"msg":"Access token missing. Send it.","ok":false}"#, "<html>Log in.</html>"] {
      let response = ExchangeResponse(status: 401, reason: "Unauthorized", body: Array(body.utf8))
      let error = try #require(throws: UploadError.self) { try response.finishedUpload(sent) }
      #expect(error.code == .refusedByServer)
      #expect(error.message == message)
    }
  }

  @Test func `a rejection in HTML is reported with its title, else its first sentence, else the reason phrase`() throws
  {
    let nginx = "<html><head><title>413 Request Entity Too Large</title></head><body><hr>nginx</body></html>"
    #expect(try error(413, nginx).message == "HTTP 413: Request Entity Too Large")
    let page = "<!doctype html><html><body><h1>Sorry \u{1B}[31m</h1><p>Busy.</p></body></html>"
    #expect(try error(503, page).message == "HTTP 503: Sorry \u{FFFD}[31m")
    #expect(try error(502, "<html></html>", reason: "Bad Gateway").message == "HTTP 502: Bad Gateway")
    let wrapped = #"{"msg":"<!DOCTYPE html><html><title>Bad &amp; gateway</title><p>x</p></html>"}"#
    #expect(try error(502, wrapped).message == "HTTP 502: Bad & gateway")
    #expect(try error(500, "<b>no document</b>").message == "HTTP 500: <b>no document</b>")
  }

  @Test func `messages of the server are cut to 200 bytes, and control characters replaced`() throws {
    let long = try error(500, String(repeating: "x", count: 5000))
    #expect(long.message.utf8.count == "HTTP 500: ".utf8.count + 200)
    let wide = try error(500, String(repeating: "€", count: 5000))
    #expect(wide.message == "HTTP 500: " + String(repeating: "€", count: 66))
    let hostile = try error(500, "a\u{1B}]0;pwned\u{7}b")
    #expect(hostile.message == "HTTP 500: a\u{FFFD}]0;pwned\u{FFFD}b")
  }

  @Test func `the error of a redirect names its target, if it has one`() throws {
    let error = try error(307, "moved", reason: "Temporary Redirect", location: "http://other/x")
    #expect(error.code == .refusedByServer)
    #expect(error.message.hasPrefix("HTTP 307: "))
    #expect(error.message.contains("http://other/x"))
    #expect(try self.error(304, "", reason: "Not Modified").message == "HTTP 304: Not Modified")
  }
}
