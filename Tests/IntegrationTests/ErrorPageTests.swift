import Foundation
import Testing
import UploadTestSupport

/// Errors as a browser gets them: a page with a way back. Other clients get JSON.
@Suite(.curl) struct ErrorPageTests {
  private static let token = "a-token-of-ours"
  private static let browser = ["--verbose", "-H", "Accept: text/html,application/xhtml+xml,*/*;q=0.8"]

  /// Has a browser send the request, and expects a page.
  private func page(_ status: Int, _ request: [String], sourceLocation: SourceLocation = #_sourceLocation)
    async throws -> Curl.Reply
  {
    let page = try await Curl.run(Self.browser + request)
    #expect(page.status == status, "\(page)", sourceLocation: sourceLocation)
    #expect(page.field("Content-Type") == "text/html; charset=utf-8", "\(page)", sourceLocation: sourceLocation)
    #expect(page.body.hasPrefix("<!doctype html>"), "\(page)", sourceLocation: sourceLocation)
    #expect(page.body.contains("Status \(status)<"), "\(page)", sourceLocation: sourceLocation)
    return page
  }

  /// Follows a link of the page that came for a request, and expects the upload page.
  private func expectUploadPage(
    at link: Substring,
    of request: [String],
    sourceLocation: SourceLocation = #_sourceLocation
  ) async throws {
    let base = try #require(request.last.flatMap { URL(string: $0) })
    let url = try #require(URL(string: String(link), relativeTo: base)).absoluteString
    let page = try await Curl.run([url])
    #expect(page.status == 200, "\(url): \(page)", sourceLocation: sourceLocation)
    #expect(page.body.contains("enctype=\"multipart/form-data\""), "\(url): \(page)", sourceLocation: sourceLocation)
  }

  /// Expects a page with a link back, and JSON for clients that prefer it or have no preference.
  /// - Parameter request: arguments of curl; the last is the URL.
  private func expectPage(
    _ status: Int,
    _ request: [String],
    says message: String,
    sourceLocation: SourceLocation = #_sourceLocation
  ) async throws {
    let page = try await page(status, request, sourceLocation: sourceLocation)
    #expect(page.body.contains(message), "\(page)", sourceLocation: sourceLocation)
    let link = try #require(page.body.firstMatch(of: #/<a href="([^"]*)">/#), "\(page)", sourceLocation: sourceLocation)
    try await expectUploadPage(at: link.1, of: request, sourceLocation: sourceLocation)
    for accept in [[], ["-H", "Accept: application/json, text/html;q=0.5"], ["-H", "Accept: text/html;q=0, */*"]] {
      let other = try await Curl.run(accept + request)
      #expect(other.isRejection(status), "\(accept): \(other)", sourceLocation: sourceLocation)
    }
  }

  @Test(arguments: ["files/none", "nothing", "a/b/nothing"])
  func `a browser's 404 is an HTML page with a link to the upload page`(path: String) async throws {
    try await withServer { server in
      try await expectPage(404, ["\(server.url)/\(path)"], says: "<h1>Not Found</h1>")
    }
  }

  @Test func `an error page's link to the upload page keeps the token of the request`() async throws {
    try await withServer(["--token", Self.token]) { server in
      try await expectPage(404, ["\(server.url)/files/none?token=\(Self.token)"], says: "<h1>Not Found</h1>")
    }
  }

  @Test func `a browser's 409 is an HTML page with a link back and the escaped name`() async throws {
    try await withServer(["--on-duplicate", "error"]) { server in
      let path = try server.scratch.write([1], to: "f")
      #expect(try await Curl.run(["-T", path, "\(server.url)/%3Ci%3Ex"]).status == 201)
      for request in [
        ["-F", "file=@\(path);filename=<i>x", "\(server.url)/file-upload"], ["-T", path, "\(server.url)/%3Ci%3Ex"],
      ] {
        try await expectPage(409, request, says: "&lt;i&gt;x")
        #expect(try await !page(409, request).body.contains("<i>"))
      }
      #expect(try server.uploads.names() == ["<i>x"])
    }
  }

  @Test func `a browser's 413 is an HTML page with the limit and a link back`() async throws {
    try await withServer(["--max-size", "1kB"]) { server in
      let path = try server.scratch.random(2000, to: "f")
      for request in [["-F", "file=@\(path)", "\(server.url)/file-upload"], ["-T", path, "\(server.url)/f"]] {
        try await expectPage(413, request, says: "1 kB")
      }
      #expect(try server.uploads.names() == [])
    }
  }

  @Test func `a browser's 507 is an HTML page with a link to the upload page`() async throws {
    try await withServer(["--min-free", "1000000TB"]) { server in
      let path = try server.scratch.random(2000, to: "f")
      for request in [["-F", "file=@\(path)", "\(server.url)/file-upload"], ["-T", path, "\(server.url)/f"]] {
        try await expectPage(507, request, says: "<h1>Insufficient Storage</h1>")
      }
      #expect(try server.uploads.names() == [])
    }
  }

  @Test(arguments: ["info", "files/", "files/x", "a/b/c", "files/?token=a-wrong-token"])
  func `a browser's 401 is an HTML page with a form that asks for the token`(path: String) async throws {
    try await withServer(["--token", Self.token]) { server in
      let request = ["\(server.url)/\(path)"]
      let page = try await page(401, request)
      #expect(page.field("WWW-Authenticate") != nil, "\(page)")
      #expect(!page.body.contains("a-wrong-token"), "\(page)")
      let form = try #require(page.body.firstMatch(of: #/<form method="get" action="([^"?]*)">/#), "\(page)")
      #expect(page.body.contains(#"name="token""#), "\(page)")
      try await expectUploadPage(at: form.1 + "?token=\(Self.token)", of: request)
      #expect(try await Curl.run(request).isRejection(401))
    }
  }

  @Test func `a browser's upload without a token gets the page that asks for it`() async throws {
    try await withServer(["--token", Self.token]) { server in
      let path = try server.scratch.random(2000, to: "f")
      for request in [["-F", "file=@\(path)", "\(server.url)/file-upload"], ["-T", path, "\(server.url)/f"]] {
        let page = try await page(401, request)
        #expect(page.body.contains(#"<form method="get" action="./">"#), "\(page)")
        #expect(try await Curl.run(request).isRejection(401))
      }
      #expect(try server.uploads.names() == [])
    }
  }
}
