import Glibc
import Testing
import UploadCore
import UploadTestSupport

/// The memory that is reported for uploads, compared with the kernel's figure for the process: the memory of an idle
/// process plus that of its uploads matches it within 10 %, or 4 MiB where that is more.
@Suite struct MemoryTests {
  private static let mebibyte = 1 << 20

  private func expect(
    _ rss: Int,
    isExplainedBy held: Int,
    above idle: Int,
    sourceLocation: SourceLocation = #_sourceLocation
  ) {
    let unexplained = abs(rss - idle - held)
    #expect(
      unexplained <= max(held / 10, 4 * Self.mebibyte),
      "resident \(rss), idle \(idle), uploads \(held): \(unexplained) bytes are unexplained",
      sourceLocation: sourceLocation
    )
  }

  @Test func `a buffered send's reported bytes explain the growth of the client's memory`() async throws {
    try await withServer { server in
      let options = ["--mode", "buffered", "--json", "--interval", "50ms", "--to", server.url]
      let small = try await Sluice.run(["send", server.scratch.random(1000, to: "small")] + options)
      let idle = try #require(try small.events.last?.rssPeak)
      let large = try await Sluice.run(["send", server.scratch.random(512 * Self.mebibyte, to: "large")] + options)
      #expect(large.exit == .status(0), "\(large)")
      let events = try large.events
      let held = try #require(events.filter { $0.event == "progress" }.compactMap(\.residentBytes).max())
      #expect(held >= 512 * Self.mebibyte)
      expect(try #require(events.last?.rssPeak), isExplainedBy: held, above: idle)
    }
  }

  @Test func `the reported bytes of eight uploads explain the growth of the server's memory`() async throws {
    let count = 8
    try await withServer(["--interval", "50ms"]) { server in
      let path = try server.scratch.random(256 * Self.mebibyte, to: "source")
      // What the first uploads leave behind for all that follow is part of an idle server.
      _ = try await sendAtOnce(count, server.scratch.random(4 * Self.mebibyte, to: "warm"), to: server)
      let idle = try await settledMemory(of: server.process.processID)
      let before = try server.events.count
      let exits = try await sendAtOnce(count, path, to: server)
      #expect(exits.allSatisfy { $0 == .status(0) })
      let samples = Self.samples(try Array(server.events.dropFirst(before)), of: count)
      // Between two samples slabs come and go, so that no single one is believed.
      let middle = try #require(
        samples.sorted { $0.rss - $0.held < $1.rss - $1.held }.dropFirst(samples.count / 2).first
      )
      #expect(middle.held > count * Self.mebibyte)
      expect(middle.rss, isExplainedBy: middle.held, above: idle)
      for name in try server.uploads.names() where name.hasPrefix("source") { try server.expect(name, equals: path) }
    }
  }

  private func sendAtOnce(_ count: Int, _ path: String, to server: SluiceServer) async throws -> [ProcessRunner.Exit] {
    let clients = try (0..<count).map { _ in try Sluice.start(["send", path, "--quiet", "--to", server.url]) }
    var exits: [ProcessRunner.Exit] = []
    for client in clients { exits.append(try await client.exit()) }
    return exits
  }

  /// Resident bytes of the process once it has released unused memory, which it does after a second without uploads.
  private func settledMemory(of process: Int32) async throws -> Int {
    var last = 0
    var since = ContinuousClock.now
    try await eventually("the server's memory to stay as it is") {
      let now = Int(ProcFile.kibibytes(of: "VmRSS", in: "/proc/\(process)/status") ?? 0) * 1024
      if now != last { (last, since) = (now, .now) }
      return now > 0 && .now - since > .seconds(2)
    }
    return last
  }

  /// Resident bytes of the process and reported bytes of its uploads, whenever `count` of them were running.
  private static func samples(_ events: [EventLine], of count: Int) -> [(rss: Int, held: Int)] {
    var held: [String: Int] = [:]
    var samples: [(rss: Int, held: Int)] = []
    for event in events {
      if let id = event.id, event.event == "progress" { held[id] = event.residentBytes }
      if let id = event.id, ["finished", "failed", "cancelled"].contains(event.event) { held[id] = nil }
      if let rss = event.rss, held.count == count { samples.append((rss, held.values.reduce(0, +))) }
    }
    return samples
  }
}
