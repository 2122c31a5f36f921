import Dashboard
import Glibc
import Synchronization
import Testing
import UploadCore
import UploadTestSupport

@testable import DashboardApp

@Suite struct DirectoryCounterTests {
  private func makeTree(_ directory: TemporaryDirectory) throws {
    #expect(mkdir(directory.file("a"), 0o755) == 0)
    #expect(mkdir(directory.file("a/empty"), 0o755) == 0)
    try directory.write(SplitMix64.bytes(100), to: "one")
    try directory.write(SplitMix64.bytes(20), to: "a/two")
    try directory.write([], to: ".hidden")
    #expect(symlink("one", directory.file("link")) == 0)
    #expect(mkfifo(directory.file("a/pipe"), 0o644) == 0)
  }

  @Test func `files with hidden ones are counted, links and special files are skipped`() async throws {
    try await withTemporaryDirectory { directory in
      try makeTree(directory)
      let count = DirectoryCounter().count(directory.path)
      #expect((count.files, count.bytes, count.skipped, count.unreadable) == (3, 120, 2, 0))
      #expect(!count.isPartial && !count.isStopped && count.problem == nil)
    }
  }

  @Test func `a directory that does not exist has that as its problem`() async throws {
    try await withTemporaryDirectory { directory in
      let count = DirectoryCounter().count(directory.file("gone"))
      #expect(count.problem != nil && count.files == 0)
    }
  }

  @Test func `counting ends at its limit, and when it is stopped`() async throws {
    try await withTemporaryDirectory { directory in
      for index in 0..<600 { try directory.write([1], to: "\(index)") }
      let partial = DirectoryCounter(limit: 300).count(directory.path)
      #expect(partial.isPartial && partial.files >= 300 && partial.files < 600)
      let calls = Mutex(0)
      let stopped = DirectoryCounter().count(directory.path) {
        calls.withLock { calls in
          calls += 1
          return calls > 1
        }
      }
      #expect(stopped.isStopped && stopped.files < 600)
    }
  }

  @Test func `a stop applies to the counts before it, and to none after`() {
    let stop = CountStop()
    let before = stop.current
    stop.stop()
    #expect(stop.isStopped(since: before))
    #expect(!stop.isStopped(since: stop.current))
  }
}
