import Glibc
import Testing
import UploadTestSupport

/// `sluice --plain`, and `sluice` where there is no terminal.
@Suite struct PlainTests {
  @Test func `with --plain each event is one output line, and a given file is sent`() async throws {
    try await withTemporaryDirectory { directory in
      let path = try directory.random(3 << 20, to: "a.bin")
      let process = try Sluice.start(
        ["--plain", "a.bin", "--port", "0", "--dir", "up"],
        environment: ["XDG_CONFIG_HOME": directory.file("config")],
        directory: directory.path
      )
      _ = try await process.line { $0.contains(" listening on http://127.0.0.1:") }
      _ = try await process.line { $0.contains(" outgoing stream \"a.bin\" sent, 3.0 MiB") }
      _ = try await process.line { $0.contains(" incoming stream \"a.bin\" stored, 3.0 MiB") }
      process.signal(SIGINT)
      #expect(try await process.exit() == .status(0))
      #expect(process.lines.last?.contains(" Stopping") == true, "\(process.lines)")
      #expect(!process.output.contains("\u{1B}") && process.errors == "")
      #expect(try Digest.ofFile(directory.file("up/a.bin")) == Digest.ofFile(path))
      #expect(try !directory.names().contains("config"))
    }
  }

  @Test func `variables set the options of sluice without a command`() async throws {
    try await withTemporaryDirectory { directory in
      let process = try Sluice.start(
        [],
        environment: ["SLUICE_PLAIN": "1", "SLUICE_PORT": "0", "SLUICE_DIR": directory.file("up")]
      )
      _ = try await process.line { $0.contains(directory.file("up")) }
      process.signal(SIGTERM)
      #expect(try await process.exit() == .status(0))
    }
  }

  @Test func `without a terminal the dashboard exits with 64 and names alternatives`() async throws {
    try await withTemporaryDirectory { directory in
      let ended = try await Sluice.run(["--port", "0"], directory: directory.path)
      #expect(ended.exit == .status(64))
      #expect(ended.output == "")
      for way in ["must both be a terminal", "--plain", "sluice serve", "sluice headless"] {
        #expect(ended.errors.contains(way), "\(ended)")
      }
      #expect(try directory.names() == [])
    }
  }

  @Test func `a file named like a command is sent when its path is given`() async throws {
    try await withTemporaryDirectory { directory in
      try directory.write([1, 2, 3], to: "serve")
      let process = try Sluice.start(["--plain", "./serve", "--port", "0", "--dir", "up"], directory: directory.path)
      _ = try await process.line { $0.contains(" outgoing stream \"serve\" sent") }
      process.signal(SIGINT)
      #expect(try await process.exit() == .status(0))
      #expect(try directory.read("up/serve") == [1, 2, 3])
    }
  }

  @Test func `with --plain a port in use exits with 2`() async throws {
    try await withServer { server in
      let ended = try await Sluice.run(["--plain", "--port", "\(server.port)", "--dir", server.scratch.file("other")])
      #expect(ended.exit == .status(2))
      #expect(ended.errors.hasPrefix("sluice: Cannot listen: "), "\(ended)")
    }
  }
}
