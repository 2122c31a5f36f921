import Foundation
import Testing
import UploadCore
import UploadTestSupport

/// `sluice send DIR` to a real server.
@Suite(.timeLimit(.minutes(5))) struct SendTreeTests {
  /// A tree with `count` files in directories, an empty directory, a hidden file and a link.
  private func makeTree(_ count: Int, at path: String) throws {
    let files = FileManager.default
    for index in 0..<count {
      let directory = "\(path)/d\(index % 7)/e"
      try files.createDirectory(atPath: directory, withIntermediateDirectories: true)
      let bytes = SplitMix64.bytes(index * 37 % 9000)
      try Data(bytes).write(to: URL(filePath: "\(directory)/\(index)"))
    }
    try files.createDirectory(atPath: "\(path)/empty", withIntermediateDirectories: true)
    try Data([1]).write(to: URL(filePath: "\(path)/.hidden"))
    try files.createSymbolicLink(atPath: "\(path)/link", withDestinationPath: "/etc")
  }

  /// Every regular file below a directory with its content.
  private func contents(_ path: String) throws -> [String: Data] {
    let paths = try FileManager.default.subpathsOfDirectory(atPath: path)
    var result: [String: Data] = [:]
    for name in paths {
      let type = try FileManager.default.attributesOfItem(atPath: "\(path)/\(name)")[.type] as? FileAttributeType
      if type == .typeRegular { result[name] = try Data(contentsOf: URL(filePath: "\(path)/\(name)")) }
    }
    return result
  }

  @Test func `a directory arrives with all its files, its empty directory and its times`() async throws {
    try await withServer { server in
      let tree = server.scratch.file("photos")
      try makeTree(300, at: tree)
      try FileManager.default.setAttributes(
        [.modificationDate: Date(timeIntervalSince1970: 86_400)],
        ofItemAtPath: tree + "/.hidden"
      )
      let ended = try await Sluice.run(["send", tree, "--to", server.url])
      #expect(ended.exit == .status(0), "\(ended)")
      #expect(try contents(server.uploads.file("photos")) == contents(tree))
      var isDirectory: ObjCBool = false
      #expect(FileManager.default.fileExists(atPath: server.uploads.file("photos/empty"), isDirectory: &isDirectory))
      #expect(isDirectory.boolValue)
      let hidden = try FileManager.default.attributesOfItem(atPath: server.uploads.file("photos/.hidden"))
      let modified = try #require(hidden[.modificationDate] as? Date).timeIntervalSince1970
      #expect(modified.rounded(.down) == 86_400)
      #expect(ended.output.contains("301 files sent") && ended.output.contains("1 symbolic link skipped"), "\(ended)")
      #expect(ended.output.contains("1 empty directory made"))
    }
  }

  @Test func `files that the server has are skipped, others are sent`() async throws {
    try await withServer { server in
      let tree = server.scratch.file("t")
      try makeTree(20, at: tree)
      let arguments = ["send", tree, "--to", server.url, "--skip-existing"]
      let first = try await Sluice.run(arguments)
      #expect(first.exit == .status(0) && first.output.contains("21 files sent"), "\(first)")
      try Data([9, 9]).write(to: URL(filePath: tree + "/new"))
      let second = try await Sluice.run(arguments)
      #expect(second.exit == .status(0), "\(second)")
      #expect(second.output.contains("1 file sent") && second.output.contains("21 files skipped"), "\(second)")
      #expect(try contents(server.uploads.file("t")) == contents(tree))
    }
  }

  @Test func `the content of a directory is sent for a path that ends in a slash, without what is excluded`()
    async throws
  {
    try await withServer { server in
      let tree = server.scratch.file("t")
      try makeTree(8, at: tree)
      let ended = try await Sluice.run([
        "send", tree + "/", "--exclude", ".*", "--exclude", "/d1/", "--to", server.url,
      ])
      #expect(ended.exit == .status(0), "\(ended)")
      let stored = try contents(server.uploads.path)
      #expect(stored.keys.sorted() == ["d0/e/0", "d0/e/7", "d2/e/2", "d3/e/3", "d4/e/4", "d5/e/5", "d6/e/6"])
    }
  }

  @Test func `a dry run lists files with sizes, and sends nothing`() async throws {
    try await withTemporaryDirectory { directory in
      try makeTree(3, at: directory.file("t"))
      // Nothing listens there.
      let arguments = ["send", directory.file("t"), "--to", "http://127.0.0.1:1", "--dry-run"]
      let ended = try await Sluice.run(arguments)
      #expect(ended.exit == .status(0), "\(ended)")
      for line in ["37 B  t/d1/e/1", "4 files would be sent, 112 B", "1 empty directory would be made"] {
        #expect(ended.output.contains(line), "\(ended)")
      }
      let json = try await Sluice.run(arguments + ["--json"])
      let events = json.output.split(separator: "\n").filter { $0.contains(#""event":"wouldSend""#) }
      #expect(events.count == 4)
      #expect(json.output.contains(#""wouldSend":4,"wouldSendBytes":112"#), "\(json)")
    }
  }

  @Test func `a missing listing fails before anything is sent`() async throws {
    try await withServer(["--token", "a-token-of-ours"]) { server in
      let tree = server.scratch.file("t")
      try makeTree(2, at: tree)
      let ended = try await Sluice.run(["send", tree, "--to", server.url, "--skip-existing"])
      #expect(ended.exit == .status(1))
      #expect(ended.errors.contains("--skip-existing needs the server's listing"), "\(ended)")
      #expect(try server.uploads.names() == [])
    }
  }

  @Test func `JSON has an object for each file and counts in the summary`() async throws {
    try await withServer { server in
      let tree = server.scratch.file("t")
      try makeTree(30, at: tree)
      let ended = try await Sluice.run(["send", tree, "--to", server.url, "--json"])
      #expect(ended.exit == .status(0), "\(ended)")
      let lines = ended.output.split(separator: "\n")
      #expect(lines.count { $0.contains(#""event":"finished""#) } == 31)
      #expect(lines.count { $0.contains(#""event":"skipped""#) && $0.contains(#""reason":"link""#) } == 1)
      #expect(lines.last?.contains(#""counts":{"sent":31,"#) == true, "\(lines.last ?? "")")
    }
  }

  @Test func `what fails does not stop the rest, and the exit status is 1`() async throws {
    try await withServer { server in
      let tree = server.scratch.file("t")
      try makeTree(5, at: tree)
      let ended = try await Sluice.run(["send", server.scratch.file("gone"), tree, "--to", server.url])
      #expect(ended.exit == .status(1))
      #expect(ended.output.contains("6 files sent") && ended.output.contains("1 failed, see above"), "\(ended)")
      // Once, and on standard error.
      #expect(ended.errors.split(separator: "\n").count == 1 && ended.errors.contains("gone"), "\(ended.errors)")
      #expect(!ended.output.contains("gone"), "\(ended.output)")
      #expect(try contents(server.uploads.file("t")) == contents(tree))
    }
  }

  @Test func `standard input and directories can be sent together`() async throws {
    try await withServer { server in
      let tree = server.scratch.file("t")
      try makeTree(2, at: tree)
      let ended = try await Sluice.run(["send", "-", tree, "--to", server.url], input: [1, 2, 3])
      #expect(ended.exit == .status(0), "\(ended)")
      #expect(try server.uploads.read("stdin.bin") == [1, 2, 3])
      #expect(try contents(server.uploads.file("t")) == contents(tree))
    }
  }
}
