import Crypto
import Glibc
import Synchronization
import Testing
import UploadCore
import UploadTestSupport

@testable import UploadStorage

/// Every way to the disk stores what was sent: past the page cache, with early writeback, with and without a reserve.
@Suite struct WritingWaysTests {
  private static let mebi = 1024 * 1024

  /// What the file system supports.
  enum Ways: CaseIterable {
    case direct, withoutDirect, withoutReserve, withoutEither, withoutUnnamed

    var disk: FaultyDisk {
      FaultyDisk { call in
        switch (self, call) {
        case (.withoutDirect, .direct), (.withoutEither, .direct): .fails(EINVAL)
        case (.withoutReserve, .reserve), (.withoutEither, .reserve): .fails(EOPNOTSUPP)
        default: .fine
        }
      }
    }
  }

  private static let sizes = [
    0, 1, 4095, 4096, 4097, 65_535, 65_536, 65_537, mebi - 1, mebi, mebi + 1, mebi + 65_535, mebi + 65_536,
    3 * mebi - 1, 3 * mebi, 3 * mebi + 1,
  ]

  @Test(arguments: Ways.allCases, sizes)
  func `files of any size are stored as sent on any file system, with or without a known size`(ways: Ways, size: Int)
    async throws
  {
    try await withStore(durability: .file, calls: ways.disk.calls) { fixture in
      if ways == .withoutUnnamed { fixture.directory.supportsUnnamed.store(false, ordering: .relaxed) }
      let bytes = SplitMix64.bytes(size, seed: UInt64(size))
      let digest = SHA256.hexadecimal(of: bytes)
      for (stated, isExact) in [(UInt64(size), true), (UInt64(size) + 70_000, false), (nil, true)] {
        for chunks in [[size], [1, 4096, 70_001, size], Array(repeating: 65_536, count: size / 65_536)] {
          let probe = try await fixture.probe(size: stated, isExact: isExact)
          try await probe.feed(bytes, chunks: chunks)
          let files = try await fixture.publish([probe.stage()])
          let path = fixture.place.file("file")
          #expect(files.map(\.size) == [UInt64(size)])
          #expect(try SHA256.hexadecimal(ofFile: path) == digest)
          #expect(blocks(of: path) <= UInt64(size + 8192), "no reserve is left behind it")
          unlink(path)
        }
      }
    }
  }

  @Test func `a large file bypasses the page cache, its tail padded and truncated`() async throws {
    let disk = FaultyDisk()
    try await withTimedStore(threads: 1, calls: disk.calls) { fixture, _ in
      let supportsDirect = fixture.directory.supportsDirect.load(ordering: .relaxed)
      try #require(supportsDirect, "tests need a disk that takes O_DIRECT")
      disk.clear()
      let size = 2 * Self.mebi + 5
      let probe = try await fixture.probe(size: UInt64(size))
      try await probe.feed(SplitMix64.bytes(size), chunks: [size])
      _ = try await fixture.publish([probe.stage()])
      let (small, large) = (Slab.small, Slab.large)
      #expect(
        disk.made == [
          .openUnnamed, .reserve(0..<UInt64(size)), .direct(true), .write(offset: 0, count: small),
          .write(offset: UInt64(small), count: large),
          .write(offset: UInt64(small + large), count: (size - small - large + 4095) / 4096 * 4096),
          .truncate(UInt64(size)), .link,
        ]
      )
    }
  }

  @Test func `without O_DIRECT written bytes go to the disk at once, and leave the page cache`() async throws {
    let disk = Ways.withoutDirect.disk
    try await withTimedStore(threads: 1, calls: disk.calls) { fixture, _ in
      disk.clear()
      let size = 16 * Slab.large + Slab.small
      let probe = try await fixture.probe(size: UInt64(size))
      try await probe.feed(SplitMix64.bytes(size), chunks: Array(repeating: Slab.large, count: 20))
      _ = try await fixture.publish([probe.stage()])
      let started = disk.made.compactMap { if case .startWriteback(let range) = $0 { range } else { nil } }
      #expect(started.count == 17)
      #expect(zip(started, started.dropFirst()).allSatisfy { $0.upperBound == $1.lowerBound })
      let dropped = disk.made.compactMap { if case .dropWritten(let range) = $0 { range } else { nil } }
      #expect(dropped.count == 8)
      #expect(dropped.last?.upperBound == UInt64(size - Slab.large - 8 * Slab.large))
    }
  }

  @Test func `a disk that accepts O_DIRECT but not the write is detected when the directory is opened`() async throws {
    let disk = FaultyDisk { call in
      if case .write(offset: 0, count: 4096) = call { .fails(EINVAL) } else { .fine }
    }
    try await withStore(calls: disk.calls) { fixture in
      let supportsDirect = fixture.directory.supportsDirect.load(ordering: .relaxed)
      #expect(!supportsDirect)
    }
  }

  @Test func `a disk that is full when the directory is opened counts as one that supports O_DIRECT`() async throws {
    let disk = FaultyDisk { call in
      if case .write(offset: 0, count: 4096) = call { .fails(ENOSPC) } else { .fine }
    }
    try await withStore(calls: disk.calls) { fixture in
      let supportsDirect = fixture.directory.supportsDirect.load(ordering: .relaxed)
      #expect(supportsDirect)
    }
  }

  @Test func `a disk that rejects an aligned write later counts as one without O_DIRECT from then on`() async throws {
    let disk = FaultyDisk { call in
      if case .write(offset: 65_536, count: _) = call { .fails(EINVAL) } else { .fine }
    }
    // The error comes once with the flag; without it EINVAL is an error like any other.
    try await withTimedStore(threads: 1, calls: disk.calls) { fixture, _ in
      let probe = try await fixture.probe(size: UInt64(3 * Self.mebi))
      try await probe.write(SplitMix64.bytes(3 * Self.mebi))
      try await eventually("the failure") { try await !probe.notified.errors.isEmpty }
      let supportsDirect = fixture.directory.supportsDirect.load(ordering: .relaxed)
      #expect(!supportsDirect)
      #expect(disk.made.filter { $0 == .direct(false) }.count == 1)
      #expect(disk.made.filter { if case .write(offset: 65_536, _) = $0 { true } else { false } }.count == 2)
    }
  }

  /// What a file takes on the disk, in bytes.
  private func blocks(of path: String) -> UInt64 {
    var status = stat()
    stat(path, &status)
    return UInt64(status.st_blocks) * 512
  }
}
