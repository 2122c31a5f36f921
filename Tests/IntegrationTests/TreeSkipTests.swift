import Foundation
import Testing
import UploadTestSupport

/// `sluice send DIR --skip-existing`: what is sent when the server has some of it.
@Suite(.curl) struct TreeSkipTests {
  @Test(arguments: [[], ["--digest", "sha256"]])
  func `a second run sends nothing, and stores no copies`(options: [String]) async throws {
    try await withServer(options) { server in
      try await server.scratch.makePhotos()
      #expect(try await send(server).exit == .status(0))
      let before = try TreeContents(of: server.uploads.path)
      let again = try await send(server)
      #expect(again.exit == .status(0), "\(again)")
      #expect(try TreeContents(of: server.uploads.path) == before)
      #expect(try server.events.count { $0.event == "finished" } == 7)
    }
  }

  @Test func `missing files are sent, and those of another size`() async throws {
    try await withServer(["--on-duplicate", "replace"]) { server in
      try await server.scratch.makePhotos()
      #expect(try await send(server).exit == .status(0))
      try FileManager.default.removeItem(atPath: server.uploads.file("photos/zero"))
      try server.scratch.write("another".utf8, to: "photos/one.jpg")
      let again = try await send(server)
      #expect(again.exit == .status(0), "\(again)")
      let sent = try TreeContents(of: server.scratch.file("photos"))
      #expect(try TreeContents(of: server.uploads.file("photos")) == sent)
      #expect(try server.events.count { $0.event == "finished" } == 9)
    }
  }

  @Test func `a file of equal size and time but another content is sent where digests are known`() async throws {
    try await withServer(["--digest", "sha256", "--on-duplicate", "replace"]) { server in
      try await server.scratch.script("mkdir tree && printf one > tree/a && touch -d @1000000000 tree/a")
      #expect(try await send(server, "tree").exit == .status(0))
      try await server.scratch.script("printf two > tree/a && touch -d @1000000000 tree/a")
      let again = try await send(server, "tree")
      #expect(again.exit == .status(0), "\(again)")
      #expect(try server.uploads.read("tree/a") == Array("two".utf8))
    }
  }

  @Test func `without permission to list, it fails with a message and sends nothing`() async throws {
    try await withServer(["--token", "a-token-for-the-test"]) { server in
      try await server.scratch.script("mkdir tree && printf 1 > tree/a")
      let ended = try await send(server, "tree")
      #expect(ended.exit == .status(1), "\(ended)")
      #expect(!ended.errors.isEmpty)
      #expect(try server.uploads.names() == [])
    }
  }

  private func send(_ server: SluiceServer, _ name: String = "photos") async throws -> Sluice.Ended {
    try await Sluice.run(
      ["send", "--to", server.url, "--skip-existing", name],
      directory: server.scratch.path
    )
  }
}
