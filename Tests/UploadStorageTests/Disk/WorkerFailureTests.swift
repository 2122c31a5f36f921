import Glibc
import NIOCore
import NIOEmbedded
import Synchronization
import Testing
import UploadCore
import UploadTestSupport

@testable import UploadStorage

/// A call that fails within a worker fails only its own upload: another one that is running is stored, and all that the
/// failed one retained is released.
@Suite struct WorkerFailureTests {
  enum Fault: CaseIterable {
    case open, reserve, firstWrite, middleWrite, lastWrite, truncate, digest, sync, directorySync

    /// Whether this call is to fail: one that only the failing upload makes, or makes first.
    func befalls(_ call: FaultyDisk.Call) -> Bool {
      switch (self, call) {
      case (.open, .openUnnamed), (.truncate, .truncate), (.sync, .sync), (.directorySync, .syncDirectory): true
      case (.reserve, .reserve(let range)): range == 0..<UInt64(WorkerFailureTests.failingSize)
      case (.firstWrite, .write(let offset, _)): offset == 0
      case (.middleWrite, .write(let offset, _)): offset == UInt64(Slab.small + Slab.large)
      case (.lastWrite, .write(let offset, _)): offset == UInt64(Slab.small + 2 * Slab.large)
      default: false
      }
    }
  }

  private static let failingSize = Slab.small + 2 * Slab.large + 100_001
  /// In bytes: so few that none of its writes has the offset of one that is to fail.
  private static let goodSize = 600_000

  @Test(arguments: Fault.allCases) func `a failure at any step fails its own upload only`(fault: Fault) async throws {
    let isDue = Mutex(false)
    let disk = FaultyDisk { call in
      guard fault.befalls(call) else { return .fine }
      // Once: a disk that is well again is to be used again.
      return isDue.withLock { isDue in
        defer { isDue = false }
        return isDue ? .fails(EIO) : .fine
      }
    }
    try await withTimedStore(durability: .full, calls: disk.calls) { fixture, loop in
      let good = try await fixture.probe()
      let content = SplitMix64.bytes(Self.goodSize, seed: 1)
      try await good.write(Array(content[..<300_000]))
      try await eventually("the good one's first write") { good.meter.stored > 0 }
      isDue.withLock { $0 = true }
      let size = Self.failingSize
      let failing = try await SinkProbe(fixture.store, size: UInt64(size), isExact: true, hash: TestHash(), on: loop)
      let error = try await #require(throws: UploadError.self) {
        _ = try await fixture.publish([staged(failing, SplitMix64.bytes(size), expecting: fault == .digest ? [] : nil)])
      }
      let notified = try await failing.notified.errors
      // A failure to publish reaches only the future; an earlier one reaches the delegate as well.
      #expect(notified.count == (fault == .directorySync ? 0 : 1))
      #expect((notified.first ?? error).code == (fault == .digest ? .contentMismatch : .storageFailed))
      if fault != .digest { #expect(isDue.withLock { !$0 }, "the fault was met") }
      try await eventually("the failed one's memory") { failing.meter.residentBytes == 0 }
      try await eventually("the failed one's file") { fixture.unfinishedFiles.count == 1 }

      try await good.write(Array(content[300_000...]))
      _ = try await fixture.publish([good.stage("good")])
      #expect(try await good.notified.errors.isEmpty)
      #expect(try fixture.place.names() == ["good"])
      #expect(try Digest.ofFile(fixture.place.file("good")) == Digest.of(content))
      try await fixture.waitUntilAllIsReleased()
      _ = try await fixture.store(content, as: "next")
      #expect(try Digest.ofFile(fixture.place.file("next")) == Digest.of(content))
    }
  }

  /// Without workers a write fails within the call that asks for it.
  @Test func `when the workers are shut down during an upload it fails once, and retains no memory`() async throws {
    try await withTimedStore { fixture, loop in
      let probe = try await fixture.probe()
      try await probe.write(SplitMix64.bytes(Slab.small - 1))
      // The upload is slow now: it would ask for another small slab, whatever is left to write.
      await loop.advanceTime(by: .milliseconds(300))
      await fixture.workers.shutDown()
      try await probe.write(SplitMix64.bytes(10))
      #expect(try await probe.notified.errors.map(\.code) == [.storageFailed])
      #expect(fixture.budget.use.used == 0)
    }
  }

  /// Writes `bytes` in chunks of up to 100,000, and stages them; expects the digest of `other`, if any.
  private func staged(_ probe: SinkProbe, _ bytes: [UInt8], expecting other: [UInt8]?) async throws -> any StagedFile {
    for start in stride(from: 0, to: bytes.count, by: 100_000) {
      try await probe.write(Array(bytes[start..<min(bytes.count, start + 100_000)]))
    }
    let expected = other.map { TestHash.of($0) } ?? ContentDigests()
    return try await probe.beginStaging(FinalizeRequest(path: FilePath("failing"), expected: expected)).get()
  }
}
