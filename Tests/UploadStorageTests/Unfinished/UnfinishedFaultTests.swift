import Glibc
import NIOCore
import Synchronization
import Testing
import UploadCore
import UploadTestSupport

@testable import UploadStorage

/// Unfinished uploads on disks and in directories that fail.
@Suite struct UnfinishedFaultTests {
  /// A disk that fails calls only while the switch is on.
  private final class Switch: Sendable {
    private let isOn = Atomic(false)

    func turn(_ isOn: Bool) { self.isOn.store(isOn, ordering: .sequentiallyConsistent) }

    func disk(_ number: Int32, _ matches: @escaping @Sendable (FaultyDisk.Call) -> Bool) -> FaultyDisk {
      FaultyDisk { [self] call in
        isOn.load(ordering: .sequentiallyConsistent) && matches(call) ? .fails(number) : .fine
      }
    }
  }

  @Test func `a full disk at the creation leaves nothing`() async throws {
    let fault = Switch()
    let disk = fault.disk(ENOSPC) { if case .write = $0 { true } else { false } }
    try await withUnfinished(calls: disk.calls) { fixture in
      fault.turn(true)
      let error = await #expect(throws: UploadError.self) { try await fixture.create() }
      #expect(error?.code == .diskFull)
      #expect(fixture.hiddenNames == [])
    }
  }

  @Test func `a disk that becomes full keeps what was written before`() async throws {
    let fault = Switch()
    let disk = fault.disk(ENOSPC) {
      if case .write(let offset, let count) = $0 { offset >= 65_536 && count > 8 } else { false }
    }
    try await withUnfinished(calls: disk.calls) { fixture in
      let bytes = SplitMix64.bytes(500_000)
      let id = try await fixture.create().id
      fault.turn(true)
      let probe = try await fixture.append(to: #require(try await fixture.find(id)))
      try await probe.write(bytes)
      await #expect(throws: UploadError.self) { try await probe.beginSuspending().get() }
      #expect(try await probe.notified.errors.map(\.code) == [.diskFull])
      fault.turn(false)
      let record = try #require(try await fixture.find(id))
      #expect(record.offset == 65_536)
      _ = try await fixture.finish(id, with: Array(bytes[65_536...]))
      #expect(try Digest.ofFile(fixture.place.file("file")) == Digest.of(bytes))
    }
  }

  @Test func `a disk that is full while the record is replaced keeps the old record`() async throws {
    let fault = Switch()
    // Only the record's draft: data is written in larger slabs, the counter in 8 bytes.
    let disk = fault.disk(ENOSPC) { if case .write(0, let count) = $0 { count > 8 && count < 4096 } else { false } }
    try await withUnfinished(calls: disk.calls) { fixture in
      let id = try await fixture.create().id
      try await fixture.append(SplitMix64.bytes(8192), to: id)
      let probe = try await fixture.append(to: #require(try await fixture.find(id)))
      fault.turn(true)
      try await probe.write(SplitMix64.bytes(8192))
      await #expect(throws: UploadError.self) { try await probe.beginSuspending().get() }
      #expect(try await fixture.find(id)?.offset == 8192)
      #expect(try fixture.restarted(bootID: "two").store.recover().map(\.offset) == [8192])
      #expect(!fixture.hiddenNames.contains { $0.hasSuffix(".tmp") })
    }
  }

  @Test func `a failed sync ends the upload for good`() async throws {
    let fault = Switch()
    let disk = fault.disk(EIO) { $0 == .sync }
    try await withUnfinished(calls: disk.calls) { fixture in
      let id = try await fixture.create().id
      let probe = try await fixture.append(to: #require(try await fixture.find(id)))
      try await probe.write(SplitMix64.bytes(100_000))
      try await eventually("an open file") { probe.meter.stored > 0 }
      fault.turn(true)
      await #expect(throws: UploadError.self) { try await probe.beginSuspending().get() }
      fault.turn(false)
      let record = try await fixture.find(id)
      #expect(record == nil || record?.state == .gone)
      #expect(!fixture.hiddenNames.contains { $0.hasSuffix(".part") })
    }
  }

  @Test func `publishing under a name that exists already does not change the upload`() async throws {
    try await withUnfinished(onDuplicate: .error) { fixture in
      try fixture.place.write([1], to: "file")
      let bytes = SplitMix64.bytes(100_000)
      let id = try await fixture.create().id
      let error = await #expect(throws: UploadError.self) { try await fixture.finish(id, with: bytes) }
      #expect(error?.code == .nameTaken)
      let record = try #require(try await fixture.find(id))
      #expect((record.state, record.offset) == (.unfinished, 100_000))
      let other = FinalizeRequest(path: try FilePath("other"))
      _ = try await fixture.finish(id, other)
      #expect(try Digest.ofFile(fixture.place.file("other")) == Digest.of(bytes))
      #expect(try fixture.place.read("file") == [1])
    }
  }

  @Test func `a finished upload replaces a file where that is the policy`() async throws {
    try await withUnfinished(onDuplicate: .replace) { fixture in
      try fixture.place.write([1], to: "file")
      let bytes = SplitMix64.bytes(100_000)
      let id = try await fixture.create().id
      let file = try await fixture.finish(id, with: bytes)
      #expect(file.replaced)
      #expect(try Digest.ofFile(fixture.place.file("file")) == Digest.of(bytes))
      #expect(fixture.hiddenNames == [id.description + ".json"])
      #expect(try fixture.restarted().store.recover().map(\.state) == [.finished(file)])
    }
  }

  @Test func `a wrong digest publishes nothing`() async throws {
    try await withUnfinished { fixture in
      let id = try await fixture.create().id
      try await fixture.append(SplitMix64.bytes(5000), to: id, hash: TestHash())
      let request = FinalizeRequest(path: try FilePath("file"), expected: TestHash.of([1]))
      let error = await #expect(throws: UploadError.self) { try await fixture.finish(id, request, hash: TestHash()) }
      #expect(error?.code == .contentMismatch)
      #expect(try fixture.place.names() == [FileName.unfinishedDirectory])
    }
  }

  @Test func `two servers do not append to an upload at once`() async throws {
    try await withUnfinished { fixture in
      let id = try await fixture.create().id
      try await fixture.append([1, 2, 3], to: id)
      let record = try #require(try await fixture.find(id))
      let other = open(fixture.place.file(fixture.name(id, .data)), O_RDWR | O_CLOEXEC)
      defer { close(other) }
      #expect(flock(other, LOCK_EX | LOCK_NB) == 0)
      #expect(try await fixture.failure(ofAppendingTo: record) == .tooManyUploads)
      #expect(try await fixture.find(id)?.offset == 3)
    }
  }

  @Test func `a server whose offset is out of date may not append`() async throws {
    try await withUnfinished { first in
      let id = try await first.create().id
      let stale = try #require(try await first.find(id))
      let second = try first.restarted()
      try await second.append(SplitMix64.bytes(10_000), to: id)
      #expect(try await first.failure(ofAppendingTo: stale) == .offsetMismatch)
      #expect(try await first.find(id)?.offset == 10_000)
    }
  }

  /// The code of the error that `body` throws; nil where it throws none.
  private func code(_ body: () async throws -> Void) async -> UploadError.Code? {
    do {
      try await body()
      return nil
    } catch {
      return (error as? UploadError)?.code
    }
  }

  @Test func `a directory that was removed is reported, and nothing traps`() async throws {
    try await withUnfinished { fixture in
      let id = try await fixture.create().id
      try await fixture.append([1], to: id)
      let record = try #require(try await fixture.find(id))
      let moved = fixture.place.path + "-moved"
      #expect(rename(fixture.place.path, moved) == 0)
      let created = await code { _ = try await fixture.create() }
      let appended = try await fixture.failure(ofAppendingTo: record)
      let found = await code { _ = try await fixture.find(id) }
      #expect([created, appended, found] == Array(repeating: .directoryUnavailable, count: 3))
      let removed = await code { try await fixture.store.remove(id, on: fixture.eventLoop).get() }
      #expect(removed == .directoryUnavailable)
      #expect(fixture.store.recover() == [])
      #expect(rename(moved, fixture.place.path) == 0)
      #expect(try await fixture.find(id)?.offset == 1)
    }
  }

  @Test func `a hidden directory that was removed is created again`() async throws {
    try await withUnfinished { fixture in
      let id = try await fixture.create().id
      for name in fixture.hiddenNames { unlink(fixture.place.file(FileName.unfinishedDirectory + "/" + name)) }
      rmdir(fixture.place.file(FileName.unfinishedDirectory))
      #expect(try await fixture.find(id) == nil)
      let other = try await fixture.create().id
      #expect(try await fixture.append([1], to: other) == 1)
    }
  }

  @Test func `a link in place of the hidden directory is not followed`() async throws {
    try await withUnfinished { fixture in
      #expect(symlink("/tmp", fixture.place.file(FileName.unfinishedDirectory)) == 0)
      await #expect(throws: UploadError.self) { try await fixture.create() }
    }
  }

  @Test func `space for bytes that are yet to come is used only while a request runs`() async throws {
    let disk = FaultyDisk()
    try await withUnfinished(calls: disk.calls) { fixture in
      let length: UInt64 = 100_000_000
      let id = try await fixture.create(length: length).id
      #expect(!disk.made.contains { if case .reserveKeepingSize = $0 { true } else { false } })
      let probe = try await fixture.append(to: #require(try await fixture.find(id)))
      try await eventually("a reserve") { disk.made.contains { $0 == .reserveKeepingSize(67_108_864..<length) } }
      try await probe.write([1])
      #expect(try await probe.beginSuspending().get() == 1)
      var status = stat()
      #expect(stat(fixture.place.file(fixture.name(id, .data)), &status) == 0)
      #expect((status.st_size, status.st_blocks < 100) == (1, true))
    }
  }

  @Test func `an upload that cannot fit is rejected when a request begins`() async throws {
    try await withUnfinished { fixture in
      let error = await #expect(throws: UploadError.self) { try await fixture.create(length: 1 << 60) }
      #expect(error?.code == .diskFull)
      let id = try await fixture.create().id
      _ = try await fixture.store.update(id, on: fixture.eventLoop) { $0.length = 1 << 60 }.get()
      let record = try #require(try await fixture.find(id))
      #expect(try await fixture.failure(ofAppendingTo: record) == .diskFull)
      #expect(try await fixture.find(id)?.state == .unfinished)
    }
  }
}
