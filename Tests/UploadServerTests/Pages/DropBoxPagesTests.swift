import Testing
import UploadTestSupport

@testable import UploadServer

/// What the owner and the visitors of a drop box see, through the real server and Hummingbird.
@Suite struct DropBoxPagesTests {
  private static let visitor = "Authorization: Bearer visitor-token"
  private static let owner = "Authorization: Bearer owner-token-1"

  private static func configuration(token: String? = "visitor-token") throws -> ServerConfiguration {
    var configuration = RunningServer.configuration
    configuration.access.token = try token.map { try AccessToken($0) }
    configuration.access.isDropBox = true
    configuration.access.ownerToken = try AccessToken("owner-token-1")
    return configuration
  }

  private func exchange(_ line: String, _ fields: [String], body: String? = nil, _ server: RunningServer) async throws
    -> String
  {
    try await WireClient.exchange(request(line, ["Connection: close"] + fields, body: body), port: server.port)
  }

  @Test func `the response to GET of info says who may list`() async throws {
    try await RunningServer.with(Self.configuration()) { server in
      for (fields, mayList) in [([Self.visitor], false), ([Self.owner], true), ([Self.visitor, Self.owner], true)] {
        let info = try await exchange("GET /info", fields, server)
        #expect(info.contains(#""dropBox":true"#))
        #expect(info.contains("\"canList\":\(mayList)"), "\(fields)")
      }
    }
    try await RunningServer.with(Self.configuration(token: nil)) { server in
      for (fields, mayList) in [([], false), ([Self.owner], true)] {
        let info = try await exchange("GET /info", fields, server)
        #expect(info.contains("\"canList\":\(mayList)"), "\(fields)")
      }
    }
    try await RunningServer.with { server in
      let info = try await exchange("GET /info", [], server)
      #expect(info.contains(#""dropBox":false"#) && info.contains(#""canList":true"#))
    }
  }

  @Test func `after ten wrong tokens the response to GET of info confirms no guess`() async throws {
    try await RunningServer.with(Self.configuration(token: nil)) { server in
      for number in 0..<10 {
        let guess = ["Authorization: Bearer guess-\(number)000"]
        let info = try await exchange("GET /info", guess, server)
        #expect(info.contains(#""canList":false"#))
      }
      let info = try await exchange("GET /info", [Self.owner], server)
      #expect(info.contains(#""canList":false"#))
    }
  }

  @Test(arguments: [
    "/files", "/files/", "/files/a.txt", "/%66iles/a.txt", "//files/a.txt", "/files/?format=tar", "/metrics",
  ])
  func `a visitor gets neither names nor content`(path: String) async throws {
    try await RunningServer.with(Self.configuration()) { server in
      try server.place.write(Array("content".utf8), to: "a.txt")
      for (fields, status) in [([Self.visitor], 403), ([], 401)] {
        let response = try await exchange("GET \(path)", fields + ["Accept: text/html"], server)
        #expect(response.hasPrefix("HTTP/1.1 \(status) "), "\(path)")
        #expect(!response.contains("content\r\n") && !response.hasSuffix("content") && !response.contains("<td>"))
      }
    }
  }

  @Test func `the receipt of a form links files for the owner alone`() async throws {
    let form = FormText.file("a.txt", "x") + FormText.end
    try await RunningServer.with(Self.configuration()) { server in
      for (token, links) in [(Self.visitor, false), (Self.owner, true)] {
        let fields = [token, FormText.type, "Accept: text/html"]
        let page = try await exchange("POST /file-upload", fields, body: form, server)
        #expect(page.hasPrefix("HTTP/1.1 201 ") && page.contains(links ? "a (2).txt" : "a.txt"))
        #expect(page.contains("href=\"./files/") == links)
      }
    }
  }
}
