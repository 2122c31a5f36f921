import Testing
import UploadCore
import UploadProtocol
import UploadServer
import UploadTestSupport

@testable import DashboardApp

@Suite struct ServerLinksTests {
  /// The links of a server on a free port of 127.0.0.1, with its port.
  private func links(publicURL: String?, token: AccessToken?) async throws -> (links: [String], port: Int) {
    try await withTemporaryDirectory { directory in
      var settings = ServerConfiguration()
      (settings.port, settings.publicURL) = (0, publicURL)
      let configuration = ServerEngine.Configuration(server: settings)
      let engine = try await ServerEngine(configuration, directory: directory.file("up"), ledger: UploadLedger())
      let (address, _) = try await engine.listen()
      let links = engine.links(to: address, token: token)
      await engine.server.stop()
      await engine.shutDown()
      return (links, address.port)
    }
  }

  @Test func `the link of a server without a token is its URL with a slash`() async throws {
    let (links, port) = try await links(publicURL: nil, token: nil)
    #expect(links == ["http://127.0.0.1:\(port)/"])
  }

  @Test func `the public URL is the first, and each link has the token behind a number sign`()
    async throws
  {
    let token = "a.secret_token-1~"
    let (links, port) = try await links(publicURL: "https://files.example/up", token: try AccessToken(token))
    #expect(links == ["https://files.example/up/#t=\(token)", "http://127.0.0.1:\(port)/#t=\(token)"])
  }
}
