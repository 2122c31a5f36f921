import Glibc
import Synchronization
import Testing
import UploadCore
import UploadTestSupport

@testable import UploadStorage

/// System calls that fail at each step of an upload: it fails with a reason, or is stored where it does not need the
/// call; everything is released.
@Suite struct InjectedFaultTests {
  private static let size = 3 * 1024 * 1024 + 100

  /// Uploads ``size`` bytes, of which the client states the size `stated`, and publishes them as `file`.
  /// - Returns: the stored file, or the error.
  private func upload(
    _ fixture: StoreFixture,
    size stated: UInt64? = UInt64(size)
  ) async throws -> Result<[StoredFile], UploadError> {
    let probe = try await fixture.probe(size: stated)
    let bytes = SplitMix64.bytes(Self.size)
    for start in stride(from: 0, to: bytes.count, by: 100_000) {
      try await probe.write(Array(bytes[start..<min(bytes.count, start + 100_000)]))
    }
    do {
      let files = try await fixture.publish([probe.stage()])
      #expect(try fixture.place.read("file") == bytes)
      #expect(try await probe.notified.errors.isEmpty)
      return .success(files)
    } catch let error as UploadError {
      let notified = try await probe.notified.errors
      // Of a failure to publish only the future tells.
      #expect(notified.count <= 1)
      return .failure(notified.first ?? error)
    }
  }

  private func expectFailure(
    _ code: UploadError.Code,
    durability: Durability = .full,
    size: UInt64? = UInt64(size),
    _ disk: FaultyDisk
  ) async throws {
    try await withTimedStore(durability: durability, calls: disk.calls) { fixture, _ in
      let result = try await upload(fixture, size: size)
      let error = try #require(throws: UploadError.self) { try result.get() }
      #expect(error.code == code)
      #expect(!error.message.contains(fixture.place.path), "messages to clients name no path")
      try await fixture.waitUntilAllIsReleased()
      #expect(try fixture.place.names() == [])
    }
  }

  /// The first write, one amid others, and the last.
  @Test(arguments: [0, 65_536, 65_536 + 1_048_576, 65_536 + 2 * 1_048_576], [EIO, ENOSPC, EDQUOT])
  func `a write error at any point fails the upload`(offset: Int, number: Int32) async throws {
    let disk = FaultyDisk { call in
      // Not the block by which the directory is probed.
      if case .write(offset: UInt64(offset), let count) = call, count != 4096 || offset > 0 {
        .fails(number)
      } else {
        .fine
      }
    }
    try await expectFailure(number == EIO ? .storageFailed : .diskFull, disk)
  }

  @Test(arguments: [1, 511, 512, 4095, 4096, 50_000])
  func `after a short write the rest is written`(count: Int) async throws {
    // Every block of 64 KiB has one short write; writing a byte at a time would take for ever.
    let shortened = Mutex<Set<UInt64>>([])
    let disk = FaultyDisk { call in
      guard case .write(let offset, let all) = call, all > max(count, 4096) else { return .fine }
      return shortened.withLock { $0.insert(offset / 65_536).inserted } ? .short(count) : .fine
    }
    try await withTimedStore(calls: disk.calls) { fixture, _ in
      let files = try await upload(fixture).get()
      #expect(files.map(\.size) == [UInt64(Self.size)])
    }
  }

  @Test func `an interrupted write is retried`() async throws {
    let isFirst = Mutex(true)
    let disk = FaultyDisk { call in
      guard case .write(offset: 65_536, _) = call else { return .fine }
      return isFirst.withLock { isFirst in
        defer { isFirst = false }
        return isFirst ? .fails(EINTR) : .fine
      }
    }
    try await withTimedStore(calls: disk.calls) { fixture, _ in
      let files = try await upload(fixture).get()
      #expect(files.count == 1)
    }
  }

  @Test func `a write call that writes no bytes fails the upload`() async throws {
    try await expectFailure(
      .storageFailed,
      FaultyDisk { if case .write(offset: 65_536, _) = $0 { .short(0) } else { .fine } }
    )
  }

  @Test func `when blocks cannot be reserved for lack of space the upload fails before the first byte`() async throws {
    let disk = FaultyDisk { if case .reserve = $0 { .fails(ENOSPC) } else { .fine } }
    try await withTimedStore(calls: disk.calls) { fixture, _ in
      disk.clear()
      let probe = try await fixture.probe(size: UInt64(Self.size))
      try await eventually("the failure") { try await !probe.notified.errors.isEmpty }
      #expect(try await probe.notified.errors.map(\.code) == [.diskFull])
      #expect(disk.made == [.openUnnamed, .reserve(0..<UInt64(Self.size))])
      try await fixture.waitUntilAllIsReleased()
      #expect(try fixture.place.names() == [])
    }
  }

  @Test(arguments: [EOPNOTSUPP, ENOSYS])
  func `where blocks cannot be reserved, an upload that fills the disk fails at the write`(number: Int32) async throws {
    let disk = FaultyDisk { call in
      switch call {
      case .reserve: .fails(number)
      case .write(offset: 1_114_112, _): .fails(ENOSPC)
      default: .fine
      }
    }
    try await expectFailure(.diskFull, disk)
    #expect(disk.made.filter { if case .reserve = $0 { true } else { false } }.count == 1, "it is not called again")
  }

  @Test func `a failed reserve ahead of an upload of unknown size does not fail it`() async throws {
    let disk = FaultyDisk { if case .reserve = $0 { .fails(ENOSPC) } else { .fine } }
    try await withTimedStore(calls: disk.calls) { fixture, _ in
      let files = try await upload(fixture, size: nil).get()
      #expect(files.count == 1)
    }
  }

  @Test(arguments: [EIO, ENOSPC])
  func `a failed sync fails the upload, and is not retried`(number: Int32) async throws {
    let disk = FaultyDisk { $0 == .sync ? .fails(number) : .fine }
    try await expectFailure(number == EIO ? .storageFailed : .diskFull, disk)
    #expect(disk.made.filter { $0 == .sync }.count == 1)
    #expect(!disk.made.contains(.syncDirectory))
  }

  @Test func `when the directory cannot be synced the upload fails, and its name is removed`() async throws {
    let disk = FaultyDisk { $0 == .syncDirectory ? .fails(EIO) : .fine }
    try await expectFailure(.storageFailed, disk)
    #expect(disk.made.filter { $0 == .syncDirectory }.count == 1)
  }

  @Test func `a failed truncation fails the upload`() async throws {
    try await expectFailure(.storageFailed, FaultyDisk { if case .truncate = $0 { .fails(EIO) } else { .fine } })
  }

  @Test(arguments: [Durability.none, .full])
  func `an error that early writeback reports fails the upload`(durability: Durability) async throws {
    let starting = FaultyDisk { call in
      switch call {
      case .direct: .fails(EINVAL)
      case .startWriteback(let range) where range.lowerBound > 0: .fails(EIO)
      default: .fine
      }
    }
    try await expectFailure(.storageFailed, durability: durability, starting)
  }

  @Test func `a file is stored on a file system without O_DIRECT and without early writeback`() async throws {
    let disk = FaultyDisk { call in
      switch call {
      case .direct: .fails(EINVAL)
      case .startWriteback, .dropWritten: .fails(ENOSYS)
      default: .fine
      }
    }
    try await withStore(durability: .full, calls: disk.calls) { fixture in
      let files = try await upload(fixture).get()
      #expect(files.count == 1)
    }
  }

  @Test func `durability none makes the same system calls as full, except the syncs`() async throws {
    let (synced, unsynced) = (FaultyDisk(), FaultyDisk())
    for (disk, durability) in [(synced, Durability.full), (unsynced, .none)] {
      try await withTimedStore(durability: durability, threads: 1, calls: disk.calls) { fixture, _ in
        disk.clear()
        _ = try await upload(fixture).get()
      }
    }
    let isTheSame = synced.made.filter { $0 != .sync && $0 != .syncDirectory } == unsynced.made
    #expect(isTheSame)
    // No name before the bytes are safe, and the name is synced too.
    #expect(synced.made.suffix(3) == [.sync, .link, .syncDirectory])
  }
}
