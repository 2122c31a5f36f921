import Foundation
import Glibc
import Testing
import UploadTestSupport

/// The server killed at random moments and started again: what it has answered for is there, whole, and nothing else.
@Suite struct KillTests {
  /// How many times; `SLUICE_KILL_ROUNDS` for more than an automatic run has time for.
  private static let rounds = ProcessInfo.processInfo.environment["SLUICE_KILL_ROUNDS"].flatMap { Int($0) } ?? 20
  private static let senders = 4

  /// What is known of the content under one name.
  private struct Known: Sendable {
    /// The content that was answered for; nil before any.
    var answered: UInt64?
    /// What was sent since and not answered for; each of it may have been stored just before the server died.
    var underWay: [UInt64] = []
    /// The round that wrote it last.
    var round = 0
  }

  /// A file's content: all of it follows from its seed, so that a mixture of two, or a part of one, is seen.
  private static func content(_ seed: UInt64) -> [UInt8] {
    [UInt8](repeating: UInt8(truncatingIfNeeded: seed), count: Int(seed % 40) * 40_000 + Int(seed % 977) + 1)
  }

  @Test(.timeLimit(.minutes(60)), arguments: ["rename", "replace"])
  func killedAtRandomMomentsItLosesNothingAndLeavesNothing(policy: String) async throws {
    try await withTemporaryDirectory { scratch in
      var generator = SplitMix64(seed: UInt64(Self.rounds))
      // With rename every content has a name of its own; with replace each sender has one.
      var known: [String: Known] = [:]
      var answers = 0
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
        let before = known
        let firsts = (0..<Self.senders).map { _ in generator.next() % 1_000_000_000 }
        await withTaskGroup(of: [String: Known].self) { group in
          for (sender, first) in firsts.enumerated() {
            group.addTask { await Self.send(sender, first, policy, port, before, round) }
          }
          for await sent in group { known.merge(sent) { $1 } }
        }
        try await killing.value
        _ = try await server.exit()
        try check(scratch, known)
        answers += known.values.count { $0.round == round && $0.answered != nil }
        guard policy == "rename" else { continue }
        // Looked at after the kill of their own round and after the next; all of them every time would take hours.
        for (name, file) in known where file.round < round {
          known[name] = nil
          _ = unlink(scratch.file(name))
        }
      }
      let ended = try Sluice.start(["serve", "--json", "--port", "0", "--dir", scratch.path])
      _ = try await ended.line { $0.contains("\"listening\"") }
      #expect(try scratch.names().filter { $0.hasPrefix(".") } == [])
      ended.signal(SIGINT)
      #expect(try await ended.exit() == .status(0))
      // A server that was always killed before it stored anything would pass too.
      #expect(answers > 0)
    }
  }

  /// Sends one file after another until the server is gone.
  /// - Returns: what is known of the files it sent.
  private static func send(
    _ sender: Int,
    _ first: UInt64,
    _ policy: String,
    _ port: Int,
    _ before: [String: Known],
    _ round: Int
  ) async -> [String: Known] {
    var sent: [String: Known] = [:]
    var seed = first
    do {
      let socket = try Socket(port: port)
      while true {
        let bytes = content(seed)
        let name = policy == "replace" ? "file-\(sender)" : "file-\(sender)-\(seed)"
        var file = sent[name] ?? before[name] ?? Known()
        file.underWay.append(seed)
        file.round = round
        sent[name] = file
        try await socket.send(RequestHead.bytes("PUT", "/\(name)", ["Content-Length: \(bytes.count)"]) + bytes)
        guard let status = try await socket.receiveAnswers().first?.status, status == 201 || status == 200 else {
          break
        }
        sent[name] = Known(answered: seed, round: round)
        seed += 1
      }
    } catch {}
    return sent
  }

  private func check(_ scratch: TemporaryDirectory, _ known: [String: Known]) throws {
    let present = try scratch.names().filter { !$0.hasPrefix(".sluice-") }
    for name in present {
      let bytes = try scratch.read(name)
      let file = try #require(known[name], "\(name) was never sent")
      let seeds = file.underWay + [file.answered].compactMap { $0 }
      #expect(seeds.contains { isContent($0, bytes) }, "\(name) has \(bytes.count) bytes that were not sent so")
    }
    for (name, file) in known where file.answered != nil {
      #expect(present.contains(name), "\(name) was answered for")
    }
  }

  private func isContent(_ seed: UInt64, _ bytes: [UInt8]) -> Bool {
    let wanted = Self.content(seed)
    return wanted.count == bytes.count && memcmp(wanted, bytes, bytes.count) == 0
  }
}
