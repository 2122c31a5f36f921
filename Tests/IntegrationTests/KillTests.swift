import Foundation
import Glibc
import Testing
import UploadTestSupport

/// The server is killed at random moments and started again: acknowledged files are there, complete, and no others.
@Suite struct KillTests {
  /// How often it is killed; `SLUICE_KILL_ROUNDS` sets more than an automatic run has time for.
  private static let rounds = ProcessInfo.processInfo.environment["SLUICE_KILL_ROUNDS"].flatMap { Int($0) } ?? 12
  /// Many rounds are meant to take long.
  private static let minutes = rounds > 12 ? 60 : 30
  private static let senders = 4

  /// What is sent in each request.
  enum Sending: Int, CaseIterable {
    case body = 1
    /// A form of so many files.
    case form = 3
    /// So many small files, each in a request of its own, that are sent together.
    case pipelined = 8

    /// The distance between the seeds of two contents: those of small files are multiples of 40.
    var step: UInt64 { self == .pipelined ? 40 : 1 }
    /// How many responses there are.
    var responses: Int { self == .pipelined ? rawValue : 1 }
  }

  /// One file of a request.
  private struct Sent {
    var name: String
    var seed: UInt64
  }

  /// What is known of the content under one name.
  private struct Known: Sendable {
    /// The content that a response acknowledged; nil before any.
    var acknowledged: UInt64?
    /// Content sent since then without a response; each may have been stored just before the server was killed.
    var underWay: [UInt64] = []
    /// The round that wrote it last.
    var round = 0
  }

  /// A file's content: all of it follows from its seed, so that a mixture of two, or a part of one, is seen.
  private static func content(_ seed: UInt64) -> [UInt8] {
    [UInt8](repeating: UInt8(truncatingIfNeeded: seed), count: Int(seed % 40) * 40_000 + Int(seed % 977) + 1)
  }

  /// A form without a response may have left some of its files; each of these is complete.
  @Test(.timeLimit(.minutes(minutes)), arguments: ["rename", "error", "replace"], Sending.allCases)
  func `a server killed at random moments loses no acknowledged upload and has no partial file`(
    policy: String,
    sending: Sending
  ) async throws {
    try await withTemporaryDirectory { scratch in
      var generator = SplitMix64(seed: UInt64(Self.rounds))
      // Under replace the files of each sender have the same names again and again; else every content has its own.
      var known: [String: Known] = [:]
      var responses = 0
      // On a busy machine the first servers may be killed before they have stored anything: then there are more rounds.
      for round in 0..<(10 * Self.rounds) where round < Self.rounds || responses == 0 {
        let server = try Sluice.start(
          ["serve", "--json", "--port", "0", "--dir", scratch.path, "--on-duplicate", policy, "--min-free", "0"]
        )
        let listening = try EventLine.decode(try await server.line { $0.contains("\"listening\"") }).first
        let port = try #require(Int(listening?.url?.split(separator: ":").last ?? ""))
        #expect(try scratch.names().filter { $0.hasPrefix(".sluice-") } == [], "swept in round \(round)")
        let pause = Duration.milliseconds(Int.random(in: 0..<200, using: &generator))
        let extra = round < Self.rounds ? .zero : Duration.milliseconds(200 * (round - Self.rounds))
        let killing = Task {
          try await Task.sleep(for: pause + extra)
          server.signal(SIGKILL)
        }
        let before = known
        let firsts = (0..<Self.senders).map { _ in generator.next() % 1_000_000_000 }
        await withTaskGroup(of: [String: Known].self) { group in
          for (sender, first) in firsts.enumerated() {
            group.addTask { await Self.send(sending, sender, first, policy, port, before, round) }
          }
          for await sent in group { known.merge(sent) { $1 } }
        }
        try await killing.value
        _ = try await server.exit()
        try check(scratch, known)
        responses += known.values.count { $0.round == round && $0.acknowledged != nil }
        guard policy != "replace" else { continue }
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
      #expect(responses > 0)
    }
  }

  /// Sends one request after another until the server is gone.
  /// - Returns: what is known of the files it sent.
  private static func send(
    _ sending: Sending,
    _ sender: Int,
    _ first: UInt64,
    _ policy: String,
    _ port: Int,
    _ before: [String: Known],
    _ round: Int
  ) async -> [String: Known] {
    var known: [String: Known] = [:]
    var seed = first / 40 * 40
    do {
      let socket = try Socket(port: port)
      while true {
        let files = (0..<sending.rawValue).map { number in
          defer { seed += sending.step }
          let name = policy == "replace" ? "file-\(sender)-\(number)" : "file-\(sender)-\(seed)"
          return Sent(name: name, seed: seed)
        }
        for sent in files {
          var file = known[sent.name] ?? before[sent.name] ?? Known()
          file.underWay.append(sent.seed)
          file.round = round
          known[sent.name] = file
        }
        try await socket.send(request(sending, files))
        let stored = try await socket.receiveResponses(sending.responses).map { $0.status == 201 || $0.status == 200 }
        for (index, sent) in files.enumerated() {
          let response = sending.responses == 1 ? 0 : index
          guard stored.indices.contains(response), stored[response] else { continue }
          known[sent.name] = Known(acknowledged: sent.seed, round: round)
        }
        guard stored.count == sending.responses, stored.allSatisfy({ $0 }) else { break }
      }
    } catch {}
    return known
  }

  private static func request(_ sending: Sending, _ files: [Sent]) -> [UInt8] {
    switch sending {
    case .body, .pipelined:
      return files.flatMap { file in
        let bytes = content(file.seed)
        return RequestHead.bytes("PUT", "/\(file.name)", ["Content-Length: \(bytes.count)"]) + bytes
      }
    case .form:
      var body: [UInt8] = []
      for file in files {
        let head = "Content-Disposition: form-data; name=\"file\"; filename=\"\(file.name)\"\r\n\r\n"
        body += Array("--boundary\r\n\(head)".utf8) + content(file.seed) + Array("\r\n".utf8)
      }
      body += Array("--boundary--\r\n".utf8)
      let fields = ["Content-Type: multipart/form-data; boundary=boundary", "Content-Length: \(body.count)"]
      return RequestHead.bytes("POST", "/file-upload", fields) + body
    }
  }

  private func check(_ scratch: TemporaryDirectory, _ known: [String: Known]) throws {
    let present = try scratch.names().filter { !$0.hasPrefix(".sluice-") }
    for name in present {
      let bytes = try scratch.read(name)
      let file = try #require(known[name], "\(name) was never sent")
      let seeds = file.underWay + [file.acknowledged].compactMap { $0 }
      #expect(seeds.contains { isContent($0, bytes) }, "\(name) has \(bytes.count) bytes that were not sent so")
    }
    for (name, file) in known where file.acknowledged != nil {
      #expect(present.contains(name), "\(name) was acknowledged")
    }
  }

  private func isContent(_ seed: UInt64, _ bytes: [UInt8]) -> Bool {
    let wanted = Self.content(seed)
    return wanted.count == bytes.count && memcmp(wanted, bytes, bytes.count) == 0
  }
}
