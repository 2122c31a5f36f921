import Glibc
import Testing
import UploadCore
import UploadTestSupport

@testable import UploadStorage

/// The upload directory is renamed, made again, covered by a mount or lost with its disk while the server runs.
@Suite struct DirectoryChangeTests {
  private static let mounts = Comment(rawValue: MountedFileSystem.reason)

  /// A complete file that has no name yet.
  private func completed(
    _ directory: UploadDirectory,
    _ name: String,
    isHidden: Bool = false
  ) throws -> StagedDiskFile {
    try directory.stage([1], FinalizeRequest(path: FilePath(#require(FileName(name)))), isHidden: isHidden)
  }

  private func write(_ count: Int, to file: PartialFile) throws {
    try [UInt8](repeating: 1, count: count).withUnsafeBytes {
      try file.write(.init(offset: 0, count: count, isLarge: false), $0)
    }
  }

  private func expectUnavailable(_ text: String, _ body: () throws -> Void) throws {
    let error = try #require(throws: UploadError.self) { try body() }
    #expect(error.code == .directoryUnavailable)
    #expect(error.message.contains(text), "\(error.message)")
  }

  @Test(arguments: [true, false])
  func `after the directory is renamed and made again, staged and new uploads are stored in the new one`(isHidden: Bool)
    async throws
  {
    try await withTemporaryDirectory { parent in
      let (path, old) = (parent.file("up"), parent.file("old"))
      let directory = try UploadDirectory(path: path, durability: .full)
      // Under way when the directory is replaced.
      let first = try completed(directory, "first", isHidden: isHidden)
      let last = try completed(directory, "last", isHidden: isHidden)
      try #require(rename(path, old) == 0 && mkdir(path, 0o755) == 0)
      let files = try directory.publish([first], .init(durability: .full, onDuplicate: .rename))
      #expect(files.map(\.name) == ["first"])
      _ = try directory.publish(
        [completed(directory, "second", isHidden: isHidden)],
        .init(durability: .full, onDuplicate: .rename)
      )
      // The hidden name in the old directory goes with the upload.
      last.file.discard()
      #expect(DirectoryNames.read(path).sorted() == ["first", "second"])
      #expect(DirectoryNames.read(old) == [])
      #expect(try await directory.snapshotNames().sorted() == ["first", "second"])
      #expect(directory.reader.open("first") != nil)
    }
  }

  @Test func `after the directory is renamed and made again, small uploads are finalized in the new one`() async throws
  {
    try await withTemporaryDirectory { parent in
      try await withStore(durability: .full, in: parent.path) { fixture in
        _ = try await fixture.store([1], as: "before")
        try #require(rename(fixture.place.path, parent.file("old")) == 0 && mkdir(fixture.place.path, 0o755) == 0)
        for name in ["a", "b"] {
          let probe = try await fixture.probe(size: 1)
          try await probe.write([2])
          #expect(try await probe.keep(name).name == name)
        }
        #expect(try fixture.place.names() == ["a", "b"])
        #expect(DirectoryNames.read(parent.file("old")) == ["before"])
      }
    }
  }

  @Test func `while the directory is gone uploads are rejected, and a staged one is published once it is back`()
    async throws
  {
    try await withTemporaryDirectory { parent in
      let path = parent.file("up")
      let directory = try UploadDirectory(path: path)
      let upload = try completed(directory, "a")
      try #require(rename(path, parent.file("old")) == 0)
      try expectUnavailable("does not exist any more") { try directory.current() }
      try expectUnavailable("does not exist any more") { _ = try directory.createPartial() }
      try #require(rename(parent.file("old"), path) == 0)
      try directory.current()
      #expect(try directory.publish([upload], .init(durability: .none, onDuplicate: .rename)).map(\.name) == ["a"])
    }
  }

  @Test func `a file in place of the directory makes it unavailable, and stays unchanged`() async throws {
    try await withTemporaryDirectory { parent in
      let path = parent.file("up")
      let directory = try UploadDirectory(path: path)
      try #require(rmdir(path) == 0)
      try parent.write([1], to: "up")
      try expectUnavailable("Not a directory") { try directory.current() }
      #expect(try parent.read("up") == [1])
    }
  }

  @Test func `a directory made again in which no file can be named is unavailable, and left empty`() async throws {
    try await withTemporaryDirectory { parent in
      let path = parent.file("up")
      let disk = FaultyDisk(sparesOpening: true) { $0 == .link ? .fails(EPERM) : .fine }
      let directory = try UploadDirectory(path: path, calls: disk.calls)
      disk.clear()
      try #require(rename(path, parent.file("old")) == 0 && mkdir(path, 0o755) == 0)
      try expectUnavailable("Operation not permitted") { try directory.current() }
      #expect(DirectoryNames.read(path) == [])
    }
  }

  @Test(.enabled(if: MountedFileSystem.isPossible, mounts), arguments: [true, false])
  func `when a disk is mounted over the directory new uploads go there, and earlier ones fail`(isHidden: Bool)
    async throws
  {
    try await withTemporaryDirectory { parent in
      let path = parent.file("up")
      let directory = try UploadDirectory(path: path, calls: FileCalls(), pathCheckInterval: .zero)
      let staged = try completed(directory, "a", isHidden: isHidden)
      let running = try isHidden ? directory.createHidden() : directory.createPartial()
      try write(1, to: running)
      try #require(mount("tmpfs", path, "tmpfs", 0, "size=1m") == 0)
      defer { umount2(path, CInt(MNT_DETACH)) }
      try expectUnavailable("moved to another file system") { try write(1, to: running) }
      try expectUnavailable("moved to another file system") {
        _ = try directory.publish([staged], .init(durability: .none, onDuplicate: .rename))
      }
      running.discard()
      let next = try completed(directory, "b", isHidden: isHidden)
      #expect(try directory.publish([next], .init(durability: .full, onDuplicate: .rename)).map(\.name) == ["b"])
      #expect(DirectoryNames.read(path) == ["b"])
      try #require(umount2(path, CInt(MNT_DETACH)) == 0)
      #expect(DirectoryNames.read(path) == [], "nothing is left in the directory below, nor was added")
    }
  }

  @Test(.enabled(if: MountedFileSystem.isPossible, mounts), arguments: ["", "/inner"])
  func `when the disk is unmounted uploads fail, and nothing is stored on the disk below`(inner: String) async throws {
    try await withTemporaryDirectory { parent in
      let (disk, path) = (parent.file("disk"), parent.file("disk") + inner)
      try #require(mkdir(disk, 0o755) == 0)
      if !inner.isEmpty { try #require(mkdir(path, 0o755) == 0) }
      try #require(mount("tmpfs", disk, "tmpfs", 0, "size=1m") == 0)
      let directory = try UploadDirectory(path: path, calls: FileCalls(), pathCheckInterval: .zero)
      let staged = try completed(directory, "a")
      let running = try directory.createPartial()
      try write(1, to: running)
      try #require(umount2(disk, CInt(MNT_DETACH)) == 0)
      try expectUnavailable("is not mounted any more") { try directory.current() }
      try expectUnavailable("is not mounted any more") { _ = try directory.createPartial() }
      try expectUnavailable("is not mounted any more") { try write(1, to: running) }
      try expectUnavailable("is not mounted any more") {
        _ = try directory.publish([staged], .init(durability: .none, onDuplicate: .rename))
      }
      running.discard()
      #expect(DirectoryNames.read(path) == [])
      // Another disk at the same place is one that was mounted again.
      try #require(mount("tmpfs", disk, "tmpfs", 0, "size=1m") == 0)
      defer { umount2(disk, CInt(MNT_DETACH)) }
      if !inner.isEmpty { try #require(mkdir(path, 0o755) == 0) }
      let next = try completed(directory, "b")
      #expect(try directory.publish([next], .init(durability: .full, onDuplicate: .rename)).map(\.name) == ["b"])
      #expect(DirectoryNames.read(path) == ["b"])
    }
  }

  @Test func `within the path check interval writes succeed after the directory is renamed`() async throws {
    try await withTemporaryDirectory { parent in
      let path = parent.file("up")
      let directory = try UploadDirectory(path: path, calls: FileCalls(), pathCheckInterval: .seconds(3600))
      let file = try directory.createPartial()
      try write(1, to: file)
      try #require(rename(path, parent.file("old")) == 0)
      try write(1, to: file)
      file.discard()
    }
  }
}
