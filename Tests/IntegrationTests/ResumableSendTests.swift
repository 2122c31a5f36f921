import Foundation
import Glibc
import Testing
import UploadTestSupport

/// `sluice send` through interruptions of the network, of the server and of itself.
@Suite struct ResumableSendTests {
  private static let size = 24_000_001

  /// The environment in which `send` keeps its journal in the test's own directory.
  private func journal(_ directory: TemporaryDirectory) -> [String: String] {
    ["XDG_STATE_HOME": directory.file("state")]
  }

  /// The files in which `send` remembers unfinished uploads.
  private func journalFiles(_ directory: TemporaryDirectory) -> [String] {
    let names = try? FileManager.default.contentsOfDirectory(atPath: directory.file("state/sluice/resume"))
    return names?.filter { $0.hasSuffix(".json") } ?? []
  }

  private static let options = ["send", "--json", "--interval", "50ms", "--retry-for", "60s"]

  @Test(arguments: [[], ["--max-request", "1MiB"]])
  func `one run completes an upload whose connection is reset several times`(options: [String]) async throws {
    try await withServer { server in
      let path = try server.scratch.random(Self.size, to: "f")
      let places =
        options.isEmpty ? [3_000_000, 1, 700_001, 9_000_000, 50_000, 2_000_000] : [500_000, 1, 200_001, 900_000]
      let faults = places.map { FaultyProxy.Fault.reset(at: $0) }
      try await FaultyProxy.with(faults, target: server.port) { proxy in
        let arguments = Self.options + ["--to", "http://127.0.0.1:\(proxy.port)", path] + options
        let ended = try await Sluice.run(arguments, environment: journal(server.scratch))
        #expect(ended.exit == .status(0), "\(ended)")
        #expect(proxy.faultsLeft == 0)
        let progress = try ended.events.filter { $0.event == "progress" }.compactMap(\.bytes)
        #expect(progress == progress.sorted(), "progress ran backwards")
        #expect(try ended.events.contains { $0.event == "retrying" })
        #expect(try ended.events.last?.uploads?.map(\.bytes) == [UInt64(Self.size)])
      }
      try server.expect("f", equals: path)
      #expect(try server.uploads.visibleNames() == ["f"])
      #expect(try server.uploads.unfinishedContents() == [])
      #expect(journalFiles(server.scratch) == [])
    }
  }

  @Test func `one run completes an upload whose connection stalls`() async throws {
    try await withServer(["--idle-timeout", "2s"]) { server in
      let path = try server.scratch.random(Self.size, to: "f")
      try await FaultyProxy.with([.stall(at: 5_000_000)], target: server.port) { proxy in
        let arguments = Self.options + ["--to", "http://127.0.0.1:\(proxy.port)", path]
        let ended = try await Sluice.run(arguments, environment: journal(server.scratch))
        #expect(ended.exit == .status(0), "\(ended)")
      }
      try server.expect("f", equals: path)
      #expect(try server.uploads.visibleNames() == ["f"])
    }
  }

  /// Starts `send` to a server that is slow, and waits until much of the file is there.
  private func begin(_ server: SluiceServer, _ path: String, _ options: [String] = []) async throws -> ProcessRunner {
    let arguments = Self.options + ["--to", server.url, path] + options
    let sending = try Sluice.start(arguments, environment: journal(server.scratch))
    try await server.events { $0.event == "progress" && $0.bytes ?? 0 > 4_000_000 }
    return sending
  }

  private static let slow = ["--limit-rate", "8MB/s", "--interval", "50ms"]

  @Test(arguments: [SIGKILL, SIGINT, SIGTERM])
  func `the same command continues after the process has been ended`(signal: Int32) async throws {
    try await withServer(Self.slow) { server in
      let path = try server.scratch.random(Self.size, to: "f")
      let sending = try await begin(server, path)
      sending.signal(signal)
      _ = try await sending.exit()
      #expect(journalFiles(server.scratch).count == 1)
      #expect(try server.uploads.visibleNames() == [])
      let arguments = Self.options + ["--to", server.url, path]
      let ended = try await Sluice.run(arguments, environment: journal(server.scratch))
      #expect(ended.exit == .status(0), "\(ended)")
      // It does not begin anew: for the server all of it is one upload.
      #expect(try server.events.count { $0.event == "started" } == 1)
      try server.expect("f", equals: path)
      #expect(try server.uploads.visibleNames() == ["f"])
      #expect(try server.uploads.unfinishedContents() == [])
      #expect(journalFiles(server.scratch) == [])
    }
  }

  @Test func `a file that has changed is sent from its start, and that is said`() async throws {
    try await withServer(Self.slow) { server in
      let path = try server.scratch.random(Self.size, to: "f")
      let sending = try await begin(server, path)
      sending.signal(SIGKILL)
      _ = try await sending.exit()
      try server.scratch.random(Self.size, to: "f")
      let arguments = Self.options + ["--to", server.url, path]
      let ended = try await Sluice.run(arguments, environment: journal(server.scratch))
      #expect(ended.exit == .status(0), "\(ended)")
      #expect((ended.output + ended.errors).contains("changed"), "\(ended)")
      try server.expect("f", equals: path)
      #expect(try server.uploads.visibleNames() == ["f"])
    }
  }

  @Test func `with --no-resume a killed upload leaves nothing, and the next run sends all of the file`() async throws {
    try await withServer(Self.slow) { server in
      let path = try server.scratch.random(Self.size, to: "f")
      let sending = try await begin(server, path, ["--no-resume"])
      sending.signal(SIGKILL)
      _ = try await sending.exit()
      try await server.events { $0.event == "failed" }
      #expect(journalFiles(server.scratch) == [])
      #expect(try server.uploads.unfinishedContents() == [])
      let arguments = Self.options + ["--no-resume", "--to", server.url, path]
      let ended = try await Sluice.run(arguments, environment: journal(server.scratch))
      #expect(ended.exit == .status(0), "\(ended)")
      try server.expect("f", equals: path)
    }
  }

  /// As a laptop that sleeps.
  @Test func `a client that is stopped for longer than the idle timeout completes its upload`() async throws {
    try await withServer(Self.slow + ["--idle-timeout", "2s"]) { server in
      let path = try server.scratch.random(Self.size, to: "f")
      let sending = try await begin(server, path)
      // Between its creation and its first PATCH it may have counted as interrupted already.
      let before = try server.events.count { $0.event == "interrupted" }
      sending.signal(SIGSTOP)
      try await server.events(before + 1) { $0.event == "interrupted" }
      sending.signal(SIGCONT)
      #expect(try await sending.exit() == .status(0), "\(sending.output)")
      try await server.events { $0.event == "resumed" }
      try server.expect("f", equals: path)
      #expect(try server.uploads.visibleNames() == ["f"])
    }
  }

  @Test func `an upload continues by itself when the server is killed and started again`() async throws {
    try await withTemporaryDirectory { directory in
      let uploads = try directory.directory("uploads")
      let path = try directory.random(Self.size, to: "f")
      let port = try HeldPort()
      let server = try await RestartedServer.start(in: uploads.path, port: port.number, options: Self.slow)
      let sending = try Sluice.start(
        Self.options + ["--to", "http://127.0.0.1:\(port.number)", path],
        environment: journal(directory)
      )
      try await server.received(4_000_000)
      try await server.kill()
      let next = try await RestartedServer.start(in: uploads.path, port: port.number, options: Self.slow)
      #expect(try await sending.exit() == .status(0), "\(sending.output)\(sending.errors)")
      try await next.stop()
      #expect(try uploads.visibleNames() == ["f"])
      #expect(try uploads.unfinishedContents() == [])
      #expect(try Digest.ofFile(uploads.file("f")) == Digest.ofFile(path))
    }
  }
}
