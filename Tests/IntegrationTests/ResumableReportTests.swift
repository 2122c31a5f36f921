import Testing
import UploadTestSupport

/// What the program tells of interrupted uploads, and the commands that interrupt on purpose.
@Suite(.curl) struct ResumableReportTests {
  private static let content = SplitMix64.bytes(2_000_003)

  @Test(arguments: ResumableProtocol.allCases)
  func `an interrupted upload is one upload with events interrupted and resumed`(kind: ResumableProtocol) async throws {
    try await withServer(["--interval", "50ms"]) { server in
      let upload = try await ResumableUpload.create(kind, port: server.port, length: Self.content.count)
      try await upload.interrupt(Self.content, at: 0, sending: 1_000_000)
      let interrupted = try #require(try await server.events { $0.event == "interrupted" }.first)
      let metrics = try await Curl.run(["\(server.url)/metrics"])
      let line = metrics.body.split(separator: "\n").first { $0.hasPrefix("sluice_uploads_interrupted ") }
      #expect(line == "sluice_uploads_interrupted 1", "\(metrics.body)")
      let offset = try await upload.offset()
      try await upload.append(Array(Self.content[offset...]), at: offset)
      let finished = try #require(try await server.events { $0.event == "finished" }.first)
      let events = try server.events
      #expect(events.contains { $0.event == "resumed" && $0.id == interrupted.id })
      #expect(finished.id == interrupted.id && finished.bytes == UInt64(Self.content.count))
      #expect(events.count { $0.event == "started" } == 1)
      let after = try await Curl.run(["\(server.url)/metrics"])
      #expect(after.body.contains("sluice_uploads_interrupted 0\n"), "\(after.body)")
    }
  }

  @Test func `a server that starts says how many unfinished uploads it has found, and reports them`() async throws {
    try await withTemporaryDirectory { directory in
      let server = try await RestartedServer.start(in: directory.path)
      for number in 0..<3 {
        let upload = try await ResumableUpload.create(.tus, port: server.port, name: "\(number)", length: 100_000)
        try await upload.interrupt([UInt8](repeating: 7, count: 100_000), at: 0, sending: 50_000)
      }
      try await server.kill()
      let next = try await RestartedServer.start(in: directory.path)
      let listening = try await next.process.line { $0.contains("\"event\":\"listening\"") }
      #expect(listening.contains("\"unfinished\":3"), "\(listening)")
      try await eventually("three interrupted uploads") {
        let metrics = try await Curl.run(["http://127.0.0.1:\(next.port)/metrics"])
        return metrics.body.contains("sluice_uploads_interrupted 3\n")
      }
      try await next.stop()
    }
  }

  @Test func `a person who starts the server reads how many unfinished uploads there are`() async throws {
    try await withTemporaryDirectory { directory in
      let server = try await RestartedServer.start(in: directory.path)
      _ = try await ResumableUpload.create(.draft, port: server.port, length: 100_000)
      try await server.kill()
      let process = try Sluice.start(["serve", "--port", "0", "--dir", directory.path])
      _ = try await process.line { $0.contains("unfinished") }
    }
  }

  @Test func `headless --modes resumable interrupts each upload twice, and all are intact`() async throws {
    try await withTemporaryDirectory { directory in
      let ended = try await Sluice.run(
        ["headless", "--size", "16MiB", "--count", "2", "--modes", "resumable"],
        environment: ["TMPDIR": directory.path, "XDG_STATE_HOME": directory.file("state")]
      )
      #expect(ended.exit == .status(0), "\(ended)")
      #expect(ended.errors == "")
      let events = try ended.events
      let uploads = try #require(events.last?.uploads)
      #expect(uploads.map(\.mode) == ["resumable", "resumable"])
      #expect(uploads.allSatisfy { $0.verdict == "intact" && $0.bytes == 16 << 20 }, "\(ended)")
      #expect(ended.output.matches(of: /"interruptions":2/).count == 2, "\(ended)")
    }
  }

  @Test func `compare lists an upload that is interrupted twice`() async throws {
    try await withTemporaryDirectory { directory in
      let ended = try await Sluice.run(
        ["compare", "--size", "8MiB"],
        environment: ["TMPDIR": directory.path, "PATH": "/nonexistent"]
      )
      #expect(ended.exit == .status(0), "\(ended)")
      #expect(ended.output.contains("sluice, interrupted twice"), "\(ended)")
      #expect(try directory.names() == [])
    }
  }
}
