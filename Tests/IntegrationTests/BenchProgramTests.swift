import Testing
import UploadTestSupport

/// `sluice-bench`, where it starts a server.
@Suite struct BenchProgramTests {
  /// The user's own settings for `sluice` change nothing of what is measured: by these it would be refused.
  @Test func itsServerKnowsNothingOfTheUsersVariables() async throws {
    try await withTemporaryDirectory { directory in
      let ended = try await ProcessRunner.run(
        BuiltProgram.path("sluice-bench"),
        ["upload", "--modes", "stream", "--sizes", "4KiB", "--concurrency", "1", "--rounds", "1"]
          + ["--durability", "none", "--dir", directory.path, "--sluice", Sluice.path],
        environment: ["SLUICE_TOKEN": "a-token-for-the-test", "SLUICE_MAX_SIZE": "1kB"],
        timeout: .seconds(300)
      )
      #expect(ended.exit == .status(0), "\(ended)")
      #expect(try directory.names() == [])
    }
  }
}
