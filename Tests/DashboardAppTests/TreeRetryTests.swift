import Dashboard
import Glibc
import HTTPExchange
import Testing
import UploadCore
import UploadServer
import UploadTestSupport

@testable import DashboardApp
@testable import UploadClient

/// Directories that are sent again, to the server of the same process.
@Suite struct TreeRetryTests {
  @Test func `a directory that is sent again sends what the server does not have, and stores no copies`() async throws {
    try await withTemporaryDirectory { directory in
      mkdir(directory.file("tree"), 0o700)
      for name in ["a", "b"] { try directory.write(name.utf8, to: "tree/" + name) }
      var server = ServerConfiguration()
      server.port = 0
      let setup = DashboardEngine.Setup(
        server: ServerEngine.Configuration(server: server),
        directory: directory.file("uploads"),
        jobs: 1,
        trust: .system
      )
      let engine = try await DashboardEngine(setup)
      let job = UploadJob(path: directory.file("tree"), target: try engine.target(.ownServer), mode: .stream)
      #expect(engine.queue.add([job]) == 0)
      await engine.queue.waitUntilEmpty()
      #expect(engine.ledger.totals(.outgoing).finished == 2)

      try directory.write("c".utf8, to: "tree/c")
      let again = try #require(engine.queue.retry(job.id))
      await engine.queue.waitUntilEmpty()
      #expect(engine.ledger.totals(.outgoing).finished == 3)
      #expect(DirectoryNames.read(directory.file("uploads/tree")).sorted() == ["a", "b", "c"])
      var sampler = engine.server.sampler(engine.ledger)
      let group = sampler.sample().groups.first { $0.direction == .outgoing && $0.id == again.description }
      #expect(group?.hasEnded == true && group?.filesFinished == 1 && group?.filesLeft == 0)

      // Nothing is left to send.
      let last = try #require(engine.queue.retry(again))
      await engine.queue.waitUntilEmpty()
      #expect(engine.ledger.totals(.outgoing).finished == 3)
      #expect(engine.queue.drainQueued().ended.map(\.id) == [last])
      await engine.stop(lettingFinish: false)
    }
  }

  @Test func `cancelling a tree whose server is away leaves no failure, neither of an empty directory nor of a retry`()
    async throws
  {
    try await withTemporaryDirectory { directory in
      for name in ["tree", "tree/empty"] { mkdir(directory.file(name), 0o700) }
      try directory.write("a".utf8, to: "tree/a")
      // Nothing listens on this port.
      let port = try HeldPort()
      let ledger = UploadLedger()
      let queue = UploadQueue(ledger, jobs: 1)
      let target = try SendTarget("http://127.0.0.1:\(port.number)")
      let job = UploadJob(path: directory.file("tree"), target: target, mode: .stream)
      #expect(queue.add([job]) == 0)
      try await eventually("the file") { !ledger.active().isEmpty }
      #expect(queue.cancel(job.id) != nil)
      await queue.waitUntilEmpty()
      #expect(ledger.totals(.outgoing).failed == 0 && ledger.totals(.outgoing).cancelled > 0)

      let again = try #require(queue.retry(job.id))
      try await eventually("the listing") {
        queue.drainQueued(at: .now + .seconds(9)).waiting.contains { $0.retryReason != nil }
      }
      #expect(queue.cancel(again) != nil)
      await queue.waitUntilEmpty()
      #expect(ledger.totals(.outgoing).failed == 0)
      #expect(queue.drainQueued().ended.map(\.state) == [.cancelled])
    }
  }
}
