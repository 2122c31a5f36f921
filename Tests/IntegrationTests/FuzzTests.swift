import Foundation
import Testing
import UploadTestSupport

/// Thousands of requests generated from seeds, most of them malformed: each gets a response or ends its connection,
/// only acknowledged files are stored, and the server releases all that it used.
@Suite(.curl, .bash) struct FuzzTests {
  /// Number of requests; `SLUICE_FUZZ_CASES` sets more than an automatic run has time for.
  private static let count = number("SLUICE_FUZZ_CASES") ?? 4000
  /// The first one's seed; each has the next.
  private static let seed = number("SLUICE_FUZZ_SEED") ?? 1
  /// Many cases are meant to take long.
  private static let minutes = count > 4000 ? 60 : 30
  /// What the process may have grown by since the warm-up, in bytes: caches of the allocator, and slabs kept for the
  /// next upload.
  private static let allowance = 16 << 20

  private static func number(_ name: String) -> UInt64? {
    ProcessInfo.processInfo.environment[name].flatMap { UInt64($0) }.map { min($0, 1 << 62) }
  }

  /// Lets the server's first line through and drops the others: a million uploads are a lot to say.
  private static let quiet = ["bash", "-c", #"exec "$@" > >(head -n 1; exec cat >/dev/null)"#]

  private static let options = ["--durability", "none", "--min-free", "0", "--max-size", "1MiB", "--interval", "1h"]

  @Test(.timeLimit(.minutes(minutes)))
  func `every mutated request gets a response or ends the connection, and nothing leaks`() async throws {
    try await withServer(Self.options, prefix: Self.quiet) { server in
      let canary = try Canary(server)
      var run = try FuzzRun(server)
      let start = ContinuousClock.now
      let warmUp = max(1000, Int(Self.count / 10))
      var base: Footprint?
      try await run.run(Self.seed..<Self.seed + Self.count) { done in
        if base == nil, done >= warmUp { base = try await footprint(of: server) }
        if done % 100_000 == 0 {
          print("\(done) cases in \(ContinuousClock.now - start), \(try server.residentBytes >> 20) MiB resident")
        }
      }
      for finding in run.total.findings { Issue.record("\(finding)") }
      print("\(run.total.summary) in \(ContinuousClock.now - start)")
      if let base { try await expectFootprint(base, of: server) }
      // A server that rejects every request for one reason would pass as well.
      if Self.count >= 1000, run.total.findings.isEmpty {
        let missing = [200, 201, 400, 403, 404, 405, 413, 415, 501].filter { run.total.statuses[$0] == nil }
        #expect(missing == [], "statuses that no response had")
      }
      try canary.check()
      try await expectWell(server)
    }
  }

  /// The process's resources while it has no connection.
  private struct Footprint {
    var memory: Int
    /// What they lead to.
    var descriptors: [String]
  }

  /// Waits until no upload is running, and measures the process's resources.
  private func footprint(of server: SluiceServer) async throws -> Footprint {
    try await eventually("the end of all connections") { try server.sockets <= 1 && server.unnamedFiles == 0 }
    // A server keeps directories open that were used last, up to a limit.
    let descriptors = try server.descriptors.filter { !$0.contains("/uploads/") }
    return Footprint(memory: try server.residentBytes, descriptors: descriptors)
  }

  private func expectFootprint(_ base: Footprint, of server: SluiceServer) async throws {
    let last = try await footprint(of: server)
    let (before, after) = (base.descriptors.count, last.descriptors.count)
    print("resident \(base.memory) then \(last.memory), descriptors \(before) then \(after)")
    #expect(after <= before, "\(last.descriptors.sorted())")
    try await eventually("the memory's return (\(base.memory) bytes)") {
      try server.residentBytes < base.memory + Self.allowance
    }
  }

  private func expectWell(_ server: SluiceServer) async throws {
    #expect(try server.uploads.names() == ["link"])
    let path = try server.scratch.random(300_000, to: "good")
    #expect(try await Curl.run(["-T", path, "\(server.url)/good"]).isStored("good", size: 300_000))
    try server.expect("good", equals: path)
    #expect(server.process.errors == "")
  }
}
