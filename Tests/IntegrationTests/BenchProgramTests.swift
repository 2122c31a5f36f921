import Testing
import UploadTestSupport

/// `sluice-bench`, where it starts a server.
@Suite struct BenchProgramTests {
  /// With the user's own settings for `sluice` the server would reject what is measured.
  @Test func `the measured server ignores the user's SLUICE variables`() async throws {
    try await withTemporaryDirectory { directory in
      let ended = try await ProcessRunner.run(
        BuiltProgram.path("sluice-bench"),
        ["small", "--size", "4KiB", "--connections", "1", "--files", "1", "--rounds", "1"]
          + ["--durability", "none", "--dir", directory.path, "--sluice", Sluice.path],
        environment: ["SLUICE_TOKEN": "a-token-for-the-test", "SLUICE_MAX_SIZE": "1kB"],
        timeout: .seconds(300)
      )
      #expect(ended.exit == .status(0), "\(ended)")
      #expect(try directory.names() == [])
    }
  }
}
