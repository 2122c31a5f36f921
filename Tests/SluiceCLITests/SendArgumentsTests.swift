import ArgumentParser
import Glibc
import Testing
import UploadClient
import UploadCore
import UploadTestSupport

@testable import SluiceCLI

@Suite struct SendArgumentsTests {
  @Test func `a directory among the arguments is recognized, also behind a link`() async throws {
    try await withTemporaryDirectory { directory in
      let file = try directory.write([1, 2], to: "f")
      mkdir(directory.file("d"), 0o700)
      symlink("d", directory.file("l"))
      #expect(!SendArguments([file, "-"], name: nil).hasDirectory)
      #expect(SendArguments([file, directory.file("d")], name: nil).hasDirectory)
      #expect(SendArguments([directory.file("l")], name: nil).hasDirectory)
      #expect(!SendArguments([directory.file("missing")], name: nil).hasDirectory)
    }
  }

  @Test func `files have their modification time, and a size where many are sent`() async throws {
    try await withTemporaryDirectory { directory in
      let file = try directory.write([1, 2], to: "f")
      var times = [timeval(tv_sec: 1000, tv_usec: 0), timeval(tv_sec: 2000, tv_usec: 0)]
      utimes(file, &times)
      let one = SendArguments([file], name: "x").sources
      #expect(one.map(\.modified) == [2000] && one.map(\.size) == [nil] && one.map(\.name) == ["x"])
      let many = SendArguments([String](repeating: file, count: 16), name: nil).sources
      #expect(many.allSatisfy { $0.size == 2 && $0.modified == 2000 })
    }
  }

  @Test func `the title is the name of the only argument, otherwise the first names, with directories last`()
    async throws
  {
    #expect(SendArguments(["/tmp"], name: nil).title == "tmp")
    #expect(SendArguments(["/tmp/"], name: nil).title == "tmp")
    #expect(SendArguments(["/tmp", "-"], name: nil).title == "stdin.bin, tmp/")
    try await withTemporaryDirectory { directory in
      for name in ["a", "b", "c"] { mkdir(directory.file(name), 0o700) }
      #expect(
        SendArguments([directory.file("a/..")], name: nil).title == NameBytes(directory.path).lastComponent.description
      )
      let paths = ["b", "a", "c", "missing"].map { directory.file($0) }
      #expect(SendArguments(Array(paths.prefix(3)), name: nil).title == "b/, a/, c/")
      #expect(SendArguments(paths, name: nil).title == "missing, b/, …, c/")
      let long = directory.file(String(repeating: "x", count: 300))
      #expect(SendArguments([long, paths[0]], name: nil).title == String(repeating: "x", count: 39) + "…, b/")
    }
  }

  @Test func `options of directories become rules`() throws {
    let command = try SendCommand.parse([
      "/tmp", "--to", "http://h", "--exclude", "*.tmp", "--exclude", "build/", "--follow", "--dry-run",
      "--skip-existing",
    ])
    #expect(command.tree.rules.excludes.count == 2 && command.tree.rules.followsLinks)
    #expect(command.tree.dryRun && command.tree.skipExisting && command.jobs == nil)
    let plain = try SendCommand.parse(["/tmp", "--to", "http://h/inbox/"])
    #expect(plain.tree.rules.excludes.isEmpty && !plain.tree.rules.followsLinks)
  }
}
