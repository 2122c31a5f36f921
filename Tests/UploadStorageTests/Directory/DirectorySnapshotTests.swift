import CLinux
import Glibc
import Testing
import UploadCore
import UploadTestSupport

@testable import UploadStorage

@Suite struct DirectorySnapshotTests {
  private func setTime(_ path: String, _ seconds: Int) throws {
    let times = [timespec(tv_sec: 0, tv_nsec: 0), timespec(tv_sec: seconds, tv_nsec: 0)]
    try #require(utimensat(AT_FDCWD, path, times, 0) == 0)
  }

  @Test func `a snapshot of 3,000 names uses its size of the budget until its last reference is gone`() async throws {
    try await withTemporaryDirectory { place in
      for number in 0..<3000 { try place.write([], to: "file-number-\(number)") }
      let directory = try UploadDirectory(path: place.path)
      let budget = try MemoryBudget(limit: UInt64(MemoryBudget.minimum))
      let size = try DirectorySnapshot.Size(directory.listed())
      // 16 bytes and a name of up to 16 each, and some to spare.
      #expect(size.bytes < 3000 * 40)
      do {
        let reservation = try #require(await budget.reserve(size.bytes))
        let snapshot = try DirectorySnapshot(size: size, reservation: reservation, directory: directory.listed())
        #expect(snapshot.count == 3000)
        #expect(Set((0..<3000).map(snapshot.name)).count == 3000)
        #expect(budget.use.used == size.bytes)
      }
      #expect(budget.use.used == 0)
    }
  }

  @Test func `the snapshot of an empty directory has no names`() async throws {
    try await withTemporaryDirectory { place in
      let directory = try UploadDirectory(path: place.path)
      #expect(try await directory.snapshotNames() == [])
    }
  }

  @Test func `a snapshot leaves out files that were added after its size was computed and do not fit`() async throws {
    try await withTemporaryDirectory { place in
      let directory = try UploadDirectory(path: place.path)
      let budget = try MemoryBudget(limit: UInt64(MemoryBudget.minimum))
      let size = try DirectorySnapshot.Size(directory.listed())
      for number in 0..<1000 { try place.write([], to: "\(number)" + String(repeating: "x", count: 200)) }
      let reservation = try #require(await budget.reserve(size.bytes))
      let count = try DirectorySnapshot(size: size, reservation: reservation, directory: directory.listed()).count
      #expect(count > 0 && count < 1000)
    }
  }

  @Test func `two stamps of a directory are the same until a file is added, but not if both are taken just after it`()
    async throws
  {
    try await withTemporaryDirectory { place in
      let directory = try UploadDirectory(path: place.path)
      try place.write([1], to: "a")
      try setTime(place.path, 1000)
      let first = directory.listed().stamp
      #expect(directory.listed().stamp.isSame(as: first))
      try place.write([1], to: "b")
      let second = directory.listed().stamp
      #expect(!second.isSame(as: first))
      // Just changed: a change within the same tick of the clock would not show.
      #expect(!directory.listed().stamp.isSame(as: second))
    }
  }

  /// Any program may set the time of a directory, and some file systems store all 64 bits.
  @Test(arguments: [Int64.min, -1, 0, 1_700_000_000, .max])
  func `a modification time of any value counts as settled only when it is more than 100 ms ago`(seconds: Int64) {
    let content = ContentVersion(size: 0, seconds: seconds, nanoseconds: 999_999_999)
    #expect(DirectoryStamp.isSettled(content, at: .seconds(1_800_000_000)) == (seconds < 1_800_000_000))
    #expect(!DirectoryStamp.isSettled(content, at: content.modified + .milliseconds(100)))
    #expect(DirectoryStamp.isSettled(content, at: content.modified + .milliseconds(101)))
  }
}
