import Glibc
import Testing
import UploadCore
import UploadTestSupport

@testable import UploadStorage

/// Names given to staged files, both unnamed ones and, as on file systems without these, hidden ones.
@Suite struct PublishingTests {
  enum Origin: CaseIterable {
    case unnamed, hidden
  }

  private func staged(
    _ directory: UploadDirectory,
    _ origin: Origin,
    _ content: [UInt8],
    _ name: String
  ) throws -> StagedDiskFile {
    let request = FinalizeRequest(path: FilePath(try #require(FileName(name))), type: "a/b")
    let staged = try directory.stage(content, request, isHidden: origin == .hidden)
    #expect((staged.file.hiddenName == nil) == (origin == .unnamed))
    return staged
  }

  @Test(arguments: Origin.allCases, [Durability.none, .file, .full])
  func `a free name is used unchanged`(origin: Origin, durability: Durability) async throws {
    try await withTemporaryDirectory { place in
      let directory = try UploadDirectory(path: place.path)
      for policy in DuplicatePolicy.allCases {
        let upload = try staged(directory, origin, [1, 2, 3], "\(policy)")
        let files = try directory.publish([upload], .init(durability: durability, onDuplicate: policy))
        let file = try #require(files.first)
        #expect(files.count == 1)
        #expect((file.name, file.size, file.type, file.replaced) == ("\(policy)", 3, "a/b", false))
        #expect(abs(file.modified - Int64(time(nil))) < 600)
      }
      #expect(try place.names() == ["error", "rename", "replace"])
      #expect(try place.read("error") == [1, 2, 3])
    }
  }

  @Test(arguments: Origin.allCases, DuplicatePolicy.allCases)
  func `a name that is not UTF-8 is used byte for byte`(origin: Origin, policy: DuplicatePolicy) async throws {
    try await withTemporaryDirectory { place in
      let directory = try UploadDirectory(path: place.path)
      let wanted = NameBytes("caf".utf8 + [0xE9] + ".txt".utf8)
      var results: [NameBytes] = []
      for number in 0..<2 {
        let request = FinalizeRequest(path: FilePath(try #require(FileName(wanted))))
        let upload = try directory.stage([UInt8(number)], request, isHidden: origin == .hidden)
        let files = try? directory.publish([upload], .init(durability: .none, onDuplicate: policy))
        results += (files ?? []).map(\.nameBytes)
      }
      let second = NameBytes("caf".utf8 + [0xE9] + " (2).txt".utf8)
      switch policy {
      case .rename: #expect(results == [wanted, second])
      case .error: #expect(results == [wanted])
      case .replace: #expect(results == [wanted, wanted])
      }
      #expect(Set(directory.names()) == Set(results))
    }
  }

  @Test(arguments: Origin.allCases)
  func `a taken name gets the next free number under rename`(origin: Origin) async throws {
    try await withTemporaryDirectory { place in
      let directory = try UploadDirectory(path: place.path)
      try place.write([9], to: "a.tar.gz")
      try #require(mkdir(place.file("a (2).tar.gz"), 0o755) == 0)
      try #require(symlink("nowhere", place.file("a (3).tar.gz")) == 0)
      let names = try (0..<3).map { number in
        let upload = try staged(directory, origin, [UInt8(number)], "a.tar.gz")
        return try directory.publish([upload], .init(durability: .none, onDuplicate: .rename))[0].name
      }
      #expect(names == ["a (4).tar.gz", "a (5).tar.gz", "a (6).tar.gz"])
      #expect(try place.read("a.tar.gz") == [9])
      #expect(try place.read("a (6).tar.gz") == [2])
      #expect(linkTarget(place.file("a (3).tar.gz")) == "nowhere")
      #expect(try place.names().count == 6)
    }
  }

  @Test(arguments: Origin.allCases)
  func `a taken name is rejected under error, and no file of the request gets a name`(origin: Origin) async throws {
    try await withTemporaryDirectory { place in
      let directory = try UploadDirectory(path: place.path)
      try place.write([9], to: "taken")
      let uploads = try ["first", "taken", "last"].map { try staged(directory, origin, [1], $0) }
      let error = try #require(throws: UploadError.self) {
        try directory.publish(uploads, .init(durability: .none, onDuplicate: .error))
      }
      #expect(error.code == .nameTaken)
      #expect(error.message.contains("\"taken\""))
      #expect(try place.names() == ["taken"])
      #expect(try place.read("taken") == [9])
    }
  }

  @Test(arguments: Origin.allCases)
  func `when a file is replaced, readers that have opened the old one still read that`(origin: Origin) async throws {
    try await withTemporaryDirectory { place in
      let directory = try UploadDirectory(path: place.path)
      try place.write([9, 9], to: "a")
      let old = try #require(directory.reader.open("a"))
      let files = try directory.publish(
        [staged(directory, origin, [1], "a"), staged(directory, origin, [2], "b")],
        .init(durability: .full, onDuplicate: .replace)
      )
      #expect(files.map(\.replaced) == [true, false])
      #expect(try place.read("a") == [1])
      #expect(try place.names() == ["a", "b"])
      var bytes: [UInt8] = [0, 0]
      #expect(try bytes.withUnsafeMutableBytes { try old.region.read(into: $0, at: 0) } == 2)
      #expect(bytes == [9, 9])
    }
  }

  /// Each was sent to be kept, whatever there was before.
  @Test(arguments: Origin.allCases, [true, false])
  func `of several files of one name in a form all but the first are numbered even under replace`(
    origin: Origin,
    isTaken: Bool
  ) async throws {
    try await withTemporaryDirectory { place in
      let directory = try UploadDirectory(path: place.path)
      if isTaken { try place.write([9], to: "a") }
      try place.write([8], to: "a (2)")
      let uploads = try (0..<3).map { try staged(directory, origin, [UInt8($0)], $0 == 2 ? "a (3)" : "a") }
      let files = try directory.publish(uploads, .init(durability: .none, onDuplicate: .replace))
      #expect(files.map(\.name) == ["a", "a (3)", "a (3) (2)"])
      #expect(files.map(\.replaced) == [isTaken, false, false])
      #expect(try place.names() == ["a", "a (2)", "a (3)", "a (3) (2)"])
      #expect(try ["a", "a (2)", "a (3)", "a (3) (2)"].map { try place.read($0) } == [[0], [8], [1], [2]])
    }
  }

  @Test(arguments: Origin.allCases, [1, 2, 3, 4, 5, 6, 7, 8, 9, 1000])
  func `among up to 1,000 taken numbers the next free one is used at the second attempt to name the file`(
    origin: Origin,
    taken: Int
  ) async throws {
    try await withTemporaryDirectory { place in
      let disk = FaultyDisk()
      let directory = try UploadDirectory(path: place.path, calls: disk.calls)
      let name = try #require(FileName("a.txt"))
      for number in 1...taken { try place.write([9], to: name.numbered(number).description) }
      disk.clear()
      let upload = try staged(directory, origin, [1], "a.txt")
      let files = try directory.publish([upload], .init(durability: .none, onDuplicate: .rename))
      #expect(files.map(\.name) == ["a (\(taken + 1)).txt"])
      #expect(disk.made.count { $0 == .link || $0 == .renameNew } == 2)
    }
  }

  @Test(arguments: Origin.allCases)
  func `any free number is used where numbers are missing`(origin: Origin) async throws {
    try await withTemporaryDirectory { place in
      let directory = try UploadDirectory(path: place.path)
      let there = ["a", "a (2)", "a (4)", "a (7)", "a (8)"]
      for name in there { try place.write([9], to: name) }
      let upload = try staged(directory, origin, [1], "a")
      let name = try directory.publish([upload], .init(durability: .none, onDuplicate: .rename))[0].name
      #expect(!there.contains(name))
      #expect(try place.names() == (there + [name]).sorted())
    }
  }

  @Test(arguments: Origin.allCases)
  func `a symbolic link is replaced itself, and its target is unchanged`(origin: Origin) async throws {
    try await withTemporaryDirectory { place in
      try place.write([9], to: "outside")
      let directory = try UploadDirectory(path: place.file("root"))
      try #require(symlink("../outside", place.file("root/a")) == 0)
      _ = try directory.publish([staged(directory, origin, [1], "a")], .init(durability: .none, onDuplicate: .replace))
      #expect(try place.read("outside") == [9])
      #expect(linkTarget(place.file("root/a")) == "")
      #expect(try place.read("root/a") == [1])
    }
  }

  @Test(arguments: Origin.allCases)
  func `a form that would replace a directory is rejected, and none of its files is stored`(origin: Origin) async throws
  {
    try await withTemporaryDirectory { place in
      let directory = try UploadDirectory(path: place.path)
      try place.write([9], to: "old")
      try #require(mkdir(place.file("d"), 0o755) == 0)
      let uploads = try ["a", "old", "d"].map { try staged(directory, origin, [1], $0) }
      let error = try #require(throws: UploadError.self) {
        try directory.publish(uploads, .init(durability: .none, onDuplicate: .replace))
      }
      #expect(error.code == .nameTaken)
      #expect(try place.names() == ["d", "old"])
      #expect(try place.read("old") == [9], "nothing is replaced by a form that is rejected")
    }
  }

  @Test(arguments: Origin.allCases)
  func `a name of 255 bytes is shortened when it is numbered`(origin: Origin) async throws {
    try await withTemporaryDirectory { place in
      let directory = try UploadDirectory(path: place.path)
      let name = String(repeating: "x", count: 251) + ".txt"
      let names = try (0..<2).map { _ in
        try directory.publish([staged(directory, origin, [1], name)], .init(durability: .none, onDuplicate: .rename))[0]
          .name
      }
      #expect(names[0] == name)
      #expect(names[1] == String(repeating: "x", count: 247) + " (2).txt")
    }
  }

  @Test func `publishing an empty list of files succeeds`() async throws {
    try await withTemporaryDirectory { place in
      let directory = try UploadDirectory(path: place.path)
      #expect(try directory.publish([], .init(durability: .full, onDuplicate: .rename)) == [])
    }
  }

  @Test(arguments: Origin.allCases)
  func `publishing after the directory was removed fails as unavailable under any policy`(origin: Origin) async throws {
    try await withTemporaryDirectory { place in
      let directory = try UploadDirectory(path: place.file("root"))
      let upload = try staged(directory, origin, [1], "a")
      for name in directory.names() { try directory.current().root.remove(name) }
      try #require(rmdir(place.file("root")) == 0)
      for policy in DuplicatePolicy.allCases {
        let error = try #require(throws: UploadError.self) {
          try directory.publish([upload], .init(durability: .full, onDuplicate: policy))
        }
        #expect(error.code == .directoryUnavailable)
        #expect(error.message.contains("does not exist any more"))
      }
      #expect(throws: UploadError.self) { try directory.createPartial() }
      #expect(directory.names() == [])
    }
  }
}
