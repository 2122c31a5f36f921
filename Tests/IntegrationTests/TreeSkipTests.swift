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
      #expect(try await server.events(7) { $0.event == "finished" }.count == 7)
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
      #expect(try await server.events(9) { $0.event == "finished" }.count == 9)
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

  /// The second run sends nothing, whatever the server does with names and times.
  @Test(arguments: [["--flat"], ["--flat", "--no-times", "--digest", "sha256"], ["--no-times", "--digest", "sha256"]])
  func `nothing is sent twice to a server that keeps no directories or no times`(options: [String]) async throws {
    try await withServer(options) { server in
      try await server.scratch.script(
        #"""
        mkdir -p tree/a tree/b "tree/$(printf 'x\ny')"
        printf one > tree/a/f; printf two > tree/b/f; printf three > tree/f
        printf four > "tree/$(printf 'x\ny')/$(printf 'a\007b')"
        touch -d @1000000000 tree/a/f tree/b/f tree/f
        """#
      )
      #expect(try await send(server, "tree").exit == .status(0))
      let before = try TreeContents(of: server.uploads.path)
      let again = try await send(server, "tree")
      #expect(again.output.contains("4 files skipped"), "\(again)")
      #expect(try TreeContents(of: server.uploads.path) == before)
    }
  }

  @Test func `what a server without times and digests has is sent once more, with the reason, and then skipped`()
    async throws
  {
    try await withServer(["--no-times"]) { server in
      try await server.scratch.script("mkdir tree && printf 1 > tree/a && printf 2 > tree/b")
      let first = try await Sluice.run(["send", "--to", server.url, "tree"], directory: server.scratch.path)
      #expect(first.exit == .status(0), "\(first)")
      let second = try await send(server, "tree")
      #expect(second.output.contains("2 files sent again, since the server keeps no modification times"), "\(second)")
      let third = try await send(server, "tree")
      #expect(third.output.contains("2 files skipped"), "\(third)")
      #expect(try await server.events(4) { $0.event == "finished" }.count == 4)
    }
  }

  @Test func `altered names are skipped by a second run`() async throws {
    try await withServer { server in
      try await server.scratch.script(
        #"""
        mkdir -p "tree/$(printf 'd\n1')" && printf 1 > "tree/$(printf 'd\n1')/$(printf 'a\tb')"
        printf 2 > "tree/$(printf 'e\037f')"; touch -d @1000000000 tree/e*
        """#
      )
      #expect(try await send(server, "tree").exit == .status(0))
      let again = try await send(server, "tree")
      #expect(again.output.contains("2 files skipped"), "\(again)")
      #expect(try await server.events(2) { $0.event == "finished" }.count == 2)
    }
  }

  @Test func `a changed file is sent once, also where the server numbers it`() async throws {
    try await withServer { server in
      try await server.scratch.script("mkdir tree && printf one > tree/a && touch -d @1000000000 tree/a")
      #expect(try await send(server, "tree").exit == .status(0))
      try await server.scratch.script("printf other > tree/a && touch -d @1000000500 tree/a")
      for _ in 0..<2 { #expect(try await send(server, "tree").exit == .status(0)) }
      #expect(try TreeContents(of: server.uploads.path).paths == ["tree", "tree/a", "tree/a (2)"])
    }
  }

  @Test func `a directory of the server is a target, also before it exists`() async throws {
    try await withServer { server in
      try await server.scratch.script("mkdir tree && printf 1 > tree/a && printf 2 > tree/b")
      let arguments = ["send", "--to", "\(server.url)/files/new/sub/", "--skip-existing", "tree"]
      let first = try await Sluice.run(arguments, directory: server.scratch.path)
      #expect(first.exit == .status(0) && first.output.contains("2 files sent"), "\(first)")
      #expect(try server.uploads.read("new/sub/tree/a") == Array("1".utf8))
      let again = try await Sluice.run(arguments, directory: server.scratch.path)
      #expect(again.output.contains("2 files skipped"), "\(again)")
    }
  }

  private func send(_ server: SluiceServer, _ name: String = "photos") async throws -> Sluice.Ended {
    try await Sluice.run(
      ["send", "--to", server.url, "--skip-existing", name],
      directory: server.scratch.path
    )
  }
}
