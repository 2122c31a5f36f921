import Dashboard
import HTTPExchange
import Testing
import UploadCore
import UploadServer
import UploadTestSupport

@testable import DashboardApp
@testable import UploadClient

/// Unfinished uploads of an earlier process in the engine of the dashboard.
@Suite struct JournalListingTests {
  private static func entry(_ path: String, target: String) -> ResumeJournal.Entry {
    ResumeJournal.Entry(
      path: path,
      name: "left.bin",
      size: 100,
      modifiedSeconds: 1,
      modifiedNanoseconds: 0,
      endsHash: String(repeating: "0", count: 64),
      target: target,
      uploadURL: target + "uploads/x",
      protocolName: "rufh",
      offset: 40,
      created: 1,
      expires: .max
    )
  }

  /// An engine with a journal that contains one upload, and what performs the effects on it.
  private func withEngine(
    target: String = "http://127.0.0.1:9/",
    _ body: (DashboardEngine, EffectPerformer, EventQueue<LoopEvent>, ResumeJournal) async throws -> Void
  ) async throws {
    try await withTemporaryDirectory { directory in
      let journal = ResumeJournal(directory: directory.file("journal"))
      let entry = Self.entry(directory.file("left.bin"), target: target)
      // The claim makes the directory.
      _ = journal.claim(path: entry.path, name: entry.name, target: entry.target)?.write(entry)
      var server = ServerConfiguration()
      server.port = 0
      var setup = DashboardEngine.Setup(
        server: ServerEngine.Configuration(server: server),
        directory: directory.file("uploads"),
        jobs: 1,
        trust: .system
      )
      setup.resume = ResumeConfiguration(journal: journal)
      setup.otherToken = "t0ken"
      let engine = try await DashboardEngine(setup)
      let events = EventQueue<LoopEvent>()
      let paths = LocalPath(home: "/", workingDirectory: "/")
      try await body(engine, EffectPerformer(engine: engine, eventQueue: events, paths: paths), events, journal)
      await engine.stop(lettingFinish: false)
    }
  }

  private func listed(_ engine: DashboardEngine) -> [UploadSnapshot] {
    var sampler = engine.server.sampler(engine.ledger)
    return engine.snapshot(&sampler).uploads
  }

  @Test func `the unfinished uploads of the journal are listed as paused, and cancelling one removes its entry`()
    async throws
  {
    try await withEngine { engine, performer, events, journal in
      #expect(journal.entries().count == 1)
      performer.readJournal()
      try await eventually("the row") { !engine.queue.drainQueued().waiting.isEmpty }
      let upload = try #require(listed(engine).first)
      #expect(upload.state == .paused && upload.bytes == 40 && upload.size == 100 && upload.remote == "127.0.0.1:9")
      #expect(engine.queue.isEmpty && engine.queue.isResting)
      try await eventually("a note") {
        events.drain().contains { if case .message(.note(.info, _)) = $0 { true } else { false } }
      }
      performer.cancel(upload.id)
      try await eventually("its removal") { journal.entries().isEmpty }
      #expect(listed(engine).allSatisfy { $0.state == .cancelled })
    }
  }

  @Test func `a paused upload of the journal begins when it is continued`() async throws {
    try await withEngine { engine, performer, _, _ in
      performer.readJournal()
      try await eventually("the row") { !engine.queue.drainQueued().waiting.isEmpty }
      let id = try #require(listed(engine).first).id
      #expect(!engine.setPaused(id, true), "it is paused already")
      #expect(engine.setPaused(id, false))
      // Its file does not exist.
      try await eventually("its failure") { engine.ledger.totals(.outgoing).failed == 1 }
      #expect(!engine.setPaused(id, false))
    }
  }

  @Test func `quitting keeps the entries of the journal`() async throws {
    try await withEngine { engine, performer, _, journal in
      performer.readJournal()
      try await eventually("the row") { !engine.queue.drainQueued().waiting.isEmpty }
      await engine.stop(lettingFinish: false)
      #expect(journal.entries().count == 1 && engine.queue.cancelledCount == 0)
    }
  }

  @Test func `only an upload to another server is continued with the token for other servers`() async throws {
    try await withEngine { engine, _, _, _ in
      let own = try #require(engine.target(of: Self.entry("/a", target: engine.address.url + "/")))
      #expect(own.authorization == nil)
      let path = try #require(engine.target(of: Self.entry("/a", target: engine.address.url + "/sub/")))
      #expect(path.authorization == nil && path.path == "/sub/")
      let other = try #require(engine.target(of: Self.entry("/a", target: "http://127.0.0.1:9/")))
      #expect(other.authorization != nil)
      #expect(engine.target(of: Self.entry("/a", target: "no url")) == nil)
    }
  }

  @Test func `the own server is reached without a proxy, however it is named`() async throws {
    try await withEngine { engine, _, _, _ in
      let url = engine.address.url
      let targets = try [.ownServer, .url(url + "/sub/"), .url("http://127.0.0.1:9/")].map { try engine.target($0) }
      #expect(targets.map(\.isLocal) == [true, true, false])
      for path in ["/", "/sub/"] { #expect(engine.target(of: Self.entry("/a", target: url + path))?.isLocal == true) }
      #expect(engine.target(of: Self.entry("/a", target: "http://127.0.0.1:9/"))?.isLocal == false)
    }
  }
}
