import Glibc
import Synchronization
import Testing
import UploadCore
import UploadTestSupport

@testable import UploadStorage

/// What an upload may replace under `replace`, and what its conditions forbid.
@Suite struct ReplacingTests {
  private static let replace = DiskStoreConfiguration(durability: .none, onDuplicate: .replace)

  /// A complete file, unnamed or, where `isHidden`, under a hidden name.
  private func staged(
    _ directory: UploadDirectory,
    _ content: [UInt8],
    _ name: String,
    isFlattened: Bool = false,
    isHidden: Bool = false,
    if check: (@Sendable (FileVersion?) throws(UploadError) -> Void)? = nil
  ) throws -> StagedDiskFile {
    let name = try #require(FileName(NameBytes(name), isFlattened: isFlattened))
    let condition = check.map { PublishCondition(path: FilePath(name), check: $0) }
    return try directory.stage(content, FinalizeRequest(path: FilePath(name), condition: condition), isHidden: isHidden)
  }

  private func version(of name: String, in directory: UploadDirectory) throws -> FileVersion {
    try #require(directory.reader.open(NameBytes(name))).version
  }

  /// As `If-Match` does.
  private func matches(_ version: FileVersion) -> @Sendable (FileVersion?) throws(UploadError) -> Void {
    { current throws(UploadError) in
      if current != version { throw UploadError(.preconditionFailed, "another version") }
    }
  }

  /// As `If-None-Match: *` does.
  private func isAbsent(_ current: FileVersion?) throws(UploadError) {
    if current != nil { throw UploadError(.preconditionFailed, "it exists") }
  }

  // MARK: Altered names

  @Test func `under replace, files whose names are shortened to the same one do not replace each other`() async throws {
    try await withTemporaryDirectory { place in
      let directory = try UploadDirectory(path: place.path)
      let long = String(repeating: "x", count: 255)
      let files = try ["1", "2", "3"].map { end in
        try directory.publish([staged(directory, Array(end.utf8), long + end)], Self.replace)[0]
      }
      #expect(files.map(\.replaced) == [false, false, false])
      #expect(Set(files.map(\.name)).count == 3)
      for (file, end) in zip(files, ["1", "2", "3"]) { #expect(try place.read(file.name) == Array(end.utf8)) }
    }
  }

  @Test(arguments: [true, false])
  func `under replace a flattened name is numbered, and an unaltered one replaces the file`(isFlattened: Bool)
    async throws
  {
    try await withTemporaryDirectory { place in
      let directory = try UploadDirectory(path: place.path)
      try place.write([9], to: "index.html")
      let upload = try staged(directory, [1], "index.html", isFlattened: isFlattened)
      let file = try directory.publish([upload], Self.replace)[0]
      #expect(file.replaced == !isFlattened)
      #expect(file.name == (isFlattened ? "index (2).html" : "index.html"))
      #expect(try place.read("index.html") == (isFlattened ? [9] : [1]))
    }
  }

  @Test func `a taken name is rejected under error also if it was altered`() async throws {
    try await withTemporaryDirectory { place in
      let directory = try UploadDirectory(path: place.path)
      try place.write([9], to: "b")
      let error = try #require(throws: UploadError.self) {
        try directory.publish(
          [staged(directory, [1], "b", isFlattened: true)],
          .init(durability: .none, onDuplicate: .error)
        )
      }
      #expect(error.code == .nameTaken)
      #expect(try place.read("b") == [9])
    }
  }

  // MARK: File systems that take different names for the same

  @Test(arguments: [true, false], [true, false])
  func `the files of a form never replace each other, even where the file system ignores case and normalization`(
    isHidden: Bool,
    isTaken: Bool
  ) async throws {
    try await withTemporaryDirectory { place in
      let directory = try UploadDirectory(path: place.path, calls: FoldingDisk.calls)
      if isTaken { try place.write([9], to: "photo.jpg") }
      let names = ["Photo.jpg", "photo.jpg", "PHOTO.JPG", "caf\u{E9}", "cafe\u{301}"]
      let uploads = try names.enumerated().map { number, name in
        try staged(directory, [UInt8(number)], name, isHidden: isHidden)
      }
      let files = try directory.publish(uploads, Self.replace)
      #expect(files.map(\.replaced) == [isTaken, false, false, false, false])
      #expect(try place.names().count == 5)
      for (number, file) in files.enumerated() {
        #expect(try place.read(FoldingDisk.folded(file.nameBytes).description) == [UInt8(number)], "\(file.name)")
      }
    }
  }

  /// The file that the first was to replace is removed before the second is published, which then takes its name.
  @Test func `a file that was to replace an old one is numbered when another file of its form has taken the name`()
    async throws
  {
    try await withTemporaryDirectory { place in
      var calls = FoldingDisk.calls
      let (link, taken) = (calls.link, place.file("a"))
      let links = Counter()
      calls.link = { file, directory, name in
        // The links: the probe's, of "a" (taken), of the hidden name beside it, and of "A".
        if links.next() == 3 { unlink(taken) }
        return link(file, directory, name)
      }
      let directory = try UploadDirectory(path: place.path, calls: calls)
      try place.write([9], to: "a")
      let files = try directory.publish(
        [staged(directory, [1], "a"), staged(directory, [2], "A")],
        Self.replace
      )
      #expect(files.map(\.name) == ["a (2)", "A"])
      #expect(files.map(\.replaced) == [false, false])
      #expect(try place.names() == ["a", "a (2)"])
      #expect(try place.read("a") == [2])
      #expect(try place.read("a (2)") == [1])
    }
  }

  // MARK: Conditions

  @Test(arguments: DuplicatePolicy.allCases, [true, false])
  func `when a condition fails no file of the request is stored or replaced, under any policy`(
    policy: DuplicatePolicy,
    isHidden: Bool
  ) async throws {
    try await withTemporaryDirectory { place in
      let directory = try UploadDirectory(path: place.path)
      try place.write([9], to: "a")
      let old = try version(of: "a", in: directory)
      try place.write([8, 8], to: "other")
      for (name, check) in [
        ("a", isAbsent), ("a", matches(try version(of: "other", in: directory))), ("none", matches(old)),
      ] as [(String, @Sendable (FileVersion?) throws(UploadError) -> Void)] {
        let uploads = [
          try staged(directory, [1], "beside", isHidden: isHidden),
          try staged(directory, [1], name, isHidden: isHidden, if: check),
        ]
        let error = try #require(throws: UploadError.self) {
          try directory.publish(uploads, .init(durability: .none, onDuplicate: policy))
        }
        #expect(error.code == .preconditionFailed)
      }
      #expect(try place.names() == ["a", "other"])
      #expect(try place.read("a") == [9])
    }
  }

  @Test(arguments: [true, false])
  func `a file is replaced when the condition is satisfied`(isHidden: Bool) async throws {
    try await withTemporaryDirectory { place in
      let directory = try UploadDirectory(path: place.path)
      try place.write([9], to: "a")
      let check = matches(try version(of: "a", in: directory))
      let file = try directory.publish([staged(directory, [1], "a", isHidden: isHidden, if: check)], Self.replace)[0]
      #expect(file.replaced && file.name == "a")
      #expect(try place.names() == ["a"], "the old file under the hidden name is removed")
      #expect(try place.read("a") == [1])
    }
  }

  @Test func `of many simultaneous uploads that may replace only one version exactly one is published`() async throws {
    try await withTemporaryDirectory { place in
      let directory = try UploadDirectory(path: place.path)
      try place.write([255], to: "a")
      let check = matches(try version(of: "a", in: directory))
      let uploads = try (0..<32).map { try staged(directory, [UInt8($0)], "a", if: check) }
      let published = await withTaskGroup(of: UInt8?.self) { group in
        for (number, upload) in uploads.enumerated() {
          group.addTask {
            try? await onThread {
              _ = try directory.publish([upload], Self.replace)
              return UInt8(number)
            }
          }
        }
        return await group.reduce(into: [UInt8]()) { published, number in
          if let number { published.append(number) }
        }
      }
      #expect(published.count == 1)
      #expect(try place.read("a") == published)
      #expect(try place.names() == ["a"])
    }
  }

  /// Another program replaces the file between the last check and the exchange.
  @Test func `a file put there by another program before the exchange is put back, and the upload fails`() async throws
  {
    try await withTemporaryDirectory { place in
      var calls = FileCalls()
      let exchange = calls.exchange
      let exchanges = Counter()
      calls.exchange = { directory, one, other, name in
        if exchanges.next() == 0 {
          rename(place.file("foreign"), place.file("a"))
        }
        return exchange(directory, one, other, name)
      }
      let directory = try UploadDirectory(path: place.path, calls: calls)
      try place.write([9], to: "a")
      try place.write([7, 7], to: "foreign")
      let check = matches(try version(of: "a", in: directory))
      let error = try #require(throws: UploadError.self) {
        try directory.publish([staged(directory, [1], "a", if: check)], Self.replace)
      }
      #expect(error.code == .preconditionFailed)
      #expect(try place.names() == ["a"])
      #expect(try place.read("a") == [7, 7])
    }
  }

  @Test func `an upload fails once another program has removed the hidden name of its file`() async throws {
    try await withTemporaryDirectory { place in
      var calls = FileCalls()
      let exchange = calls.exchange
      calls.exchange = { directory, hidden, other, name in
        hidden.withCString { _ = unlinkat(directory, $0, 0) }
        return exchange(directory, hidden, other, name)
      }
      let directory = try UploadDirectory(path: place.path, calls: calls)
      try place.write([9], to: "a")
      let check = matches(try version(of: "a", in: directory))
      let error = try #require(throws: UploadError.self) {
        try directory.publish([staged(directory, [1], "a", if: check)], Self.replace)
      }
      #expect(error.code == .storageFailed)
      #expect(try place.names() == ["a"])
      #expect(try place.read("a") == [9])
    }
  }

  @Test func `an upload fails when the status of the file that it is to replace cannot be read`() async throws {
    try await withTemporaryDirectory { place in
      var calls = FileCalls()
      calls.entryStatus = { _, _, _ in
        errno = EIO
        return -1
      }
      let directory = try UploadDirectory(path: place.path, calls: calls)
      try place.write([9], to: "a")
      let error = try #require(throws: UploadError.self) {
        try directory.publish([staged(directory, [1], "a")], Self.replace)
      }
      #expect(error.code == .storageFailed)
      #expect(try place.read("a") == [9])
    }
  }

  @Test(arguments: [EINVAL, ENOSYS])
  func `where names cannot be exchanged the file is renamed over the old one`(number: Int32) async throws {
    try await withTemporaryDirectory { place in
      let disk = FaultyDisk { $0 == .exchange ? .fails(number) : .fine }
      let directory = try UploadDirectory(path: place.path, calls: disk.calls)
      try place.write([9], to: "a")
      let check = matches(try version(of: "a", in: directory))
      #expect(try directory.publish([staged(directory, [1], "a", if: check)], Self.replace)[0].replaced)
      #expect(disk.made.contains(.exchange))
      #expect(try place.names() == ["a"])
      #expect(try place.read("a") == [1])
    }
  }

  @Test func `only files and symbolic links are replaced`() async throws {
    try await withTemporaryDirectory { place in
      let directory = try UploadDirectory(path: place.path)
      try #require(mkfifo(place.file("fifo"), 0o644) == 0)
      try #require(mkdir(place.file("directory"), 0o755) == 0)
      try #require(symlink("target", place.file("link")) == 0)
      try place.write([7], to: "target")
      for name in ["fifo", "directory"] {
        let error = try #require(throws: UploadError.self) {
          try directory.publish([staged(directory, [1], name)], Self.replace)
        }
        #expect(error.code == .nameTaken)
      }
      #expect(try directory.publish([staged(directory, [1], "link")], Self.replace)[0].replaced)
      #expect(try place.read("link") == [1] && place.read("target") == [7])
      #expect(try place.names() == ["directory", "fifo", "link", "target"])
    }
  }

  @Test func `a directory is not replaced even if the condition is satisfied`() async throws {
    try await withTemporaryDirectory { place in
      let directory = try UploadDirectory(path: place.path)
      try #require(mkdir(place.file("d"), 0o755) == 0)
      let error = try #require(throws: UploadError.self) {
        try directory.publish([staged(directory, [1], "d", if: { _ in })], Self.replace)
      }
      #expect(error.code == .nameTaken)
      #expect(try place.names() == ["d"])
    }
  }
}
