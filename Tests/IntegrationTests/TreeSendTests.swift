import Foundation
import Glibc
import Testing
import UploadCore
import UploadTestSupport

/// `sluice send DIR` to a real server: what arrives of a directory.
@Suite struct TreeSendTests {
  @Test func `a directory arrives under its name with all files, times and empty directories`() async throws {
    try await withServer { server in
      try await server.scratch.makePhotos()
      let ended = try await send(["photos"], server)
      #expect(ended.exit == .status(0), "\(ended)")
      let sent = try TreeContents(of: server.scratch.file("photos"))
      #expect(try TreeContents(of: server.uploads.file("photos")) == sent)
      #expect(try server.uploads.visibleNames() == ["photos"])
    }
  }

  @Test(arguments: ["photos/", "photos/."])
  func `a path that ends in a slash or a dot stores the content of the directory`(path: String) async throws {
    try await withServer { server in
      try await server.scratch.makePhotos()
      let ended = try await send([path], server)
      #expect(ended.exit == .status(0), "\(ended)")
      #expect(try TreeContents(of: server.uploads.path) == TreeContents(of: server.scratch.file("photos")))
    }
  }

  @Test func `an empty directory arrives`() async throws {
    try await withServer { server in
      try await server.scratch.script("mkdir -p empty")
      let ended = try await send(["empty"], server)
      #expect(ended.exit == .status(0), "\(ended)")
      #expect(try TreeContents(of: server.uploads.path).entries == ["empty": .directory])
    }
  }

  @Test func `links, FIFOs and sockets are skipped with a report, and all else arrives`() async throws {
    try await withServer { server in
      try await server.scratch.makePhotos()
      let before = try TreeContents(of: server.scratch.file("photos"))
      try await server.scratch.script(
        "cd photos && ln -s one.jpg link && ln -s .. loop && ln -s nowhere broken && mkfifo pipe"
      )
      let ended = try await send(["photos"], server)
      #expect(ended.exit == .status(0), "\(ended)")
      for name in ["link", "loop", "broken", "pipe"] {
        #expect((ended.output + ended.errors).contains("photos/\(name)"), "\(ended)")
      }
      #expect(try TreeContents(of: server.uploads.file("photos")) == before)
    }
  }

  @Test func `--follow sends what links lead to, and ends at links that lead to themselves`() async throws {
    try await withServer { server in
      try await server.scratch.script(
        """
        mkdir -p tree/sub elsewhere && printf a > elsewhere/a && printf b > tree/sub/b
        ln -s ../elsewhere tree/linked && ln -s sub/b tree/file && ln -s .. tree/sub/loop
        """
      )
      let ended = try await send(["tree", "--follow"], server)
      let stored = try TreeContents(of: server.uploads.file("tree")).paths
      for path in ["linked", "linked/a", "sub", "sub/b", "file"] { #expect(stored.contains(path), "\(ended)") }
      #expect(try server.uploads.read("tree/linked/a") == Array("a".utf8))
      #expect(!stored.contains { $0.hasPrefix("sub/loop/sub/loop") }, "\(stored)")
    }
  }

  @Test func `--exclude leaves out what matches by name, by path, and whole directories`() async throws {
    try await withServer { server in
      try await server.scratch.script(
        """
        mkdir -p tree/cache tree/sub/cache tree/sub/deep
        for path in a.tmp a.txt cache/x sub/b.tmp sub/b.txt sub/cache/y sub/deep/c.txt; do printf 1 > tree/$path; done
        """
      )
      let excludes = ["--exclude", "*.tmp", "--exclude", "cache/", "--exclude", "sub/deep/*"]
      let ended = try await send(["tree"] + excludes, server)
      #expect(ended.exit == .status(0), "\(ended)")
      let files = try TreeContents(of: server.uploads.file("tree")).entries.filter { $0.value != .directory }
      #expect(files.keys.map(\.description).sorted() == ["a.txt", "sub/b.txt"])
    }
  }

  @Test func `--dry-run lists the files and sends nothing`() async throws {
    try await withServer { server in
      try await server.scratch.makePhotos()
      let ended = try await send(["photos", "--dry-run"], server)
      #expect(ended.exit == .status(0), "\(ended)")
      for path in ["photos/one.jpg", "photos/2024/a b/two %41.jpg", "photos/.hidden/.three", "photos/2024/large.bin"] {
        #expect(ended.output.contains(path), "\(ended)")
      }
      #expect(try server.uploads.names() == [])
      #expect(try server.events.allSatisfy { $0.event != "started" })
    }
  }

  @Test func `--json reports each file with its path, and ends with a summary`() async throws {
    try await withServer { server in
      try await server.scratch.script("mkdir -p tree/sub && printf 1 > tree/a && printf 22 > tree/sub/b")
      let ended = try await send(["tree", "--json"], server)
      #expect(ended.exit == .status(0), "\(ended)")
      let events = try ended.events
      let finished = events.filter { $0.event == "finished" }
      #expect(finished.compactMap(\.name).sorted() == ["tree/a", "tree/sub/b"])
      #expect(events.last?.event == "summary" && events.last?.ok == true)
    }
  }

  @Test(.userNamespaces) func `an unreadable file fails by itself, and the others arrive`() async throws {
    try await withServer { server in
      try await server.scratch.script("mkdir tree && printf 1 > tree/a && printf 2 > tree/b && chmod 0 tree/a")
      // Root may read any file, but not in a namespace in which it is no user.
      let ended = try await ProcessRunner.run(
        "unshare",
        ["--user", Sluice.path, "send", "--no-resume", "--to", server.url, "tree"],
        directory: server.scratch.path
      )
      #expect(ended.exit == .status(1), "\(ended)")
      #expect((ended.output + ended.errors).contains("tree/a"), "\(ended)")
      #expect(try server.uploads.read("tree/b") == [UInt8(ascii: "2")])
    }
  }

  @Test func `a server with --no-times gives files the time of their arrival`() async throws {
    try await withServer(["--no-times"]) { server in
      try await server.scratch.script("mkdir tree && printf 1 > tree/a && touch -d @1000000000 tree/a")
      let began = Int(time(nil))
      #expect(try await send(["tree"], server).exit == .status(0))
      let attributes = try FileManager.default.attributesOfItem(atPath: server.uploads.file("tree/a"))
      let modified = try #require(attributes[.modificationDate] as? Date)
      #expect(modified.timeIntervalSince1970 >= Double(began - 1))
    }
  }

  @Test func `a server with --flat stores the files of a directory without it`() async throws {
    try await withServer(["--flat"]) { server in
      try await server.scratch.script("mkdir -p tree/sub && printf 1 > tree/a && printf 2 > tree/sub/b")
      let ended = try await send(["tree"], server)
      #expect(ended.exit == .status(0), "\(ended)")
      #expect(try server.uploads.visibleNames() == ["a", "b"])
    }
  }

  @Test func `a directory and a file are sent together`() async throws {
    try await withServer { server in
      try await server.scratch.script("mkdir tree && printf 1 > tree/a && printf 2 > b")
      let ended = try await send(["tree", "b"], server)
      #expect(ended.exit == .status(0), "\(ended)")
      #expect(try TreeContents(of: server.uploads.path).paths == ["b", "tree", "tree/a"])
    }
  }

  @Test func `1,000 small files arrive, and as many events report them`() async throws {
    try await withServer { server in
      try await server.scratch.script(
        "mkdir -p tree/a tree/b && cd tree && for i in $(seq 500); do printf $i > a/$i; printf $i > b/$i; done"
      )
      let ended = try await send(["tree"], server)
      #expect(ended.exit == .status(0), "\(ended)")
      #expect(try TreeContents(of: server.uploads.file("tree")) == TreeContents(of: server.scratch.file("tree")))
      try await server.events(1000) { $0.event == "finished" }
    }
  }

  private func send(_ arguments: [String], _ server: SluiceServer) async throws -> Sluice.Ended {
    try await Sluice.run(["send", "--to", server.url] + arguments, directory: server.scratch.path)
  }
}
