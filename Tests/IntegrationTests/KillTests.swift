import Foundation
import Testing
import UploadTestSupport

/// The server killed at random moments and started again: what it has answered for is there, whole, and nothing else.
@Suite struct KillTests {
  /// How many times; `SLUICE_KILL_ROUNDS` for more than an automatic run has time for.
  private static let rounds = ProcessInfo.processInfo.environment["SLUICE_KILL_ROUNDS"].flatMap { Int($0) } ?? 20
  private static let senders = 4

  /// What one sender knows of its file.
  private struct Known: Sendable {
    /// The content that was answered for; nil before any.
    var acknowledged: UInt64?
    /// What was sent since and not answered for; each of it may have been stored just before the server died.
    var underWay: [UInt64] = []
  }

  /// A file's content: all of it follows from its seed, so that a mixture of two, or a part of one, is seen.
  private static func content(_ seed: UInt64) -> [UInt8] {
    [UInt8](repeating: UInt8(truncatingIfNeeded: seed), count: Int(seed % 40) * 40_000 + Int(seed % 977) + 1)
  }

  @Test(.timeLimit(.minutes(60)), arguments: ["rename", "replace"])
  func killedAtRandomMomentsItLosesNothingAndLeavesNothing(policy: String) async throws {
    try await withTemporaryDirectory { scratch in
      var generator = SplitMix64(seed: UInt64(Self.rounds))
      var known = [Known](repeating: Known(), count: Self.senders)
      // With rename every content has a name of its own; with replace each sender has one.
      var names: [String: [UInt64]] = [:]
      for round in 0..<Self.rounds {
        let server = try Sluice.start(
          ["serve", "--json", "--port", "0", "--dir", scratch.path, "--on-duplicate", policy, "--min-free", "0"]
        )
        let listening = try EventLine.decode(try await server.line { $0.contains("\"listening\"") }).first
        let port = try #require(Int(listening?.url?.split(separator: ":").last ?? ""))
        #expect(try scratch.names().filter { $0.hasPrefix(".sluice-") } == [], "swept in round \(round)")
        let pause = Duration.milliseconds(Int.random(in: 0..<200, using: &generator))
        let killing = Task {
          try await Task.sleep(for: pause)
          server.signal(SIGKILL)
        }
        known = await withTaskGroup(of: (Int, Known, [(String, UInt64)]).self) { group in
          for sender in known.indices {
            let before = known[sender]
            let seed = generator.next() % 1_000_000
            group.addTask { await Self.send(sender, seed, policy, port, before) }
          }
          var after = known
          for await (sender, known, stored) in group {
            after[sender] = known
            for (name, seed) in stored { names[name, default: []].append(seed) }
          }
          return after
        }
        try await killing.value
        _ = try await server.exit()
        try check(scratch, policy, known, names)
      }
      let ended = try Sluice.start(["serve", "--json", "--port", "0", "--dir", scratch.path])
      _ = try await ended.line { $0.contains("\"listening\"") }
      #expect(try scratch.names().filter { $0.hasPrefix(".") } == [])
      ended.signal(SIGINT)
      #expect(try await ended.exit() == .status(0))
      // A server that was always killed before it stored anything would pass too.
      #expect(known.contains { $0.acknowledged != nil } || !names.isEmpty)
    }
  }

  /// Sends one file after another until the server is gone.
  private static func send(
    _ sender: Int,
    _ first: UInt64,
    _ policy: String,
    _ port: Int,
    _ before: Known
  ) async -> (Int, Known, [(String, UInt64)]) {
    var known = before
    var stored: [(String, UInt64)] = []
    var seed = first
    do {
      let socket = try Socket(port: port)
      while true {
        let bytes = content(seed)
        let name = policy == "replace" ? "file-\(sender)" : "file-\(sender)-\(seed)"
        known.underWay.append(seed)
        if policy != "replace" { stored.append((name, seed)) }
        try await socket.send(RequestHead.bytes("PUT", "/\(name)", ["Content-Length: \(bytes.count)"]) + bytes)
        guard let status = try await socket.receiveAnswers().first?.status, status == 201 || status == 200 else {
          break
        }
        known.acknowledged = seed
        known.underWay = []
        seed += 1
      }
    } catch {}
    return (sender, known, stored)
  }

  private func check(
    _ scratch: TemporaryDirectory,
    _ policy: String,
    _ known: [Known],
    _ names: [String: [UInt64]]
  ) throws {
    let present = try scratch.names().filter { !$0.hasPrefix(".sluice-") }
    for name in present {
      let bytes = try scratch.read(name)
      let seeds: [UInt64]
      if policy == "replace" {
        let sender = try #require(Int(name.dropFirst("file-".count)))
        seeds = known[sender].underWay + [known[sender].acknowledged].compactMap { $0 }
      } else {
        seeds = try #require(names[name], "\(name) was never sent")
      }
      #expect(seeds.contains { Self.content($0) == bytes }, "\(name) has \(bytes.count) bytes that were not sent so")
    }
    for (sender, known) in known.enumerated() {
      guard let seed = known.acknowledged else { continue }
      let name = policy == "replace" ? "file-\(sender)" : "file-\(sender)-\(seed)"
      #expect(present.contains(name), "\(name) was answered for")
    }
  }
}
