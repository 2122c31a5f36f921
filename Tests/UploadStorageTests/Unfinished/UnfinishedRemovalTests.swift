import Glibc
import NIOCore
import Testing
import UploadCore
import UploadTestSupport

@testable import UploadStorage

/// Unfinished uploads that are deleted by a request, or because a concatenation has not ended.
@Suite struct UnfinishedRemovalTests {
  /// The code of the error with which an upload is removed; nil for none.
  private func failure(ofRemoving id: UnfinishedID, _ fixture: UnfinishedFixture) async -> UploadError.Code? {
    do {
      try await fixture.store.remove(id, on: fixture.eventLoop).get()
      return nil
    } catch {
      return (error as? UploadError)?.code
    }
  }

  @Test func `an upload whose record cannot be deleted keeps its bytes, and that is reported`() async throws {
    try await withUnfinished { fixture in
      let id = try await fixture.create().id
      try await fixture.append([1, 2], to: id)
      let record = fixture.place.file(fixture.name(id, .record))
      // A directory cannot be unlinked, not even by root.
      #expect(rename(record, record + ".kept") == 0)
      #expect(mkdir(record, 0o700) == 0)
      let removed = await failure(ofRemoving: id, fixture)
      #expect(removed == .storageFailed)
      #expect(rmdir(record) == 0)
      #expect(rename(record + ".kept", record) == 0)
      #expect(try await fixture.find(id)?.offset == 2)
      try await fixture.store.remove(id, on: fixture.eventLoop).get()
      #expect(fixture.hiddenNames == [])
    }
  }

  @Test(.enabled(if: MountedFileSystem.isPossible, Comment(rawValue: MountedFileSystem.reason)))
  func `an upload on a read-only file system cannot be deleted`() async throws {
    try await MountedFileSystem.withTmpfs(size: Slab.large) { parent in
      try await withUnfinished(in: parent) { fixture in
        let id = try await fixture.create().id
        try await fixture.append([1, 2], to: id)
        try #require(mount("tmpfs", parent, "tmpfs", UInt(MS_REMOUNT | MS_RDONLY), nil) == 0)
        let removed = await failure(ofRemoving: id, fixture)
        try #require(mount("tmpfs", parent, "tmpfs", UInt(MS_REMOUNT), nil) == 0)
        #expect(removed == .storageFailed)
        #expect(try await fixture.find(id)?.offset == 2)
      }
    }
  }

  // MARK: Concatenation

  @Test(arguments: [false, true]) func `an upload into which others were being copied is deleted`(
    hasBytes: Bool
  ) async throws {
    try await withUnfinished { fixture in
      let part = try await fixture.create().id
      try await fixture.append([1], to: part)
      var record = UnfinishedFixture.record()
      record.properties["concatenating"] = "1"
      try await fixture.store.create(record, on: fixture.eventLoop).get()
      if hasBytes { try fixture.place.write([1, 2], to: fixture.name(record.id, .data)) }
      let next = try fixture.restarted()
      #expect(next.store.recover().map(\.id) == [part])
      #expect(try await next.find(record.id) == nil)
      #expect(next.hiddenNames.allSatisfy { $0.hasPrefix(part.description) })
    }
  }

  @Test func `an upload into which another server copies is left alone, as is one that is complete`() async throws {
    try await withUnfinished { fixture in
      let partID = try await fixture.create().id
      try await fixture.append([1, 2, 3], to: partID)
      let part = try #require(try await fixture.find(partID))
      var record = UnfinishedFixture.record()
      record.properties["concatenating"] = "1"
      let id = record.id
      try await fixture.store.create(record, on: fixture.eventLoop).get()
      try fixture.place.write([1, 2], to: fixture.name(id, .data))
      let other = try fixture.restarted()
      Descriptors.whileLocked(fixture.place.file(fixture.name(id, .data))) {
        #expect(other.store.recover().count == 2)
      }
      _ = try await fixture.store.concatenate([part], into: record, on: fixture.eventLoop).get()
      _ = try await fixture.store.update(id, on: fixture.eventLoop) { $0.properties["concatenating"] = nil }.get()
      #expect(other.store.recover().map(\.offset) == [3, 3])
    }
  }
}
