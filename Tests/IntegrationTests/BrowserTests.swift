import Testing
import UploadTestSupport

/// `Tests/Tools/browser/run`: the upload page in Chromium, one browser for each topic.
@Suite(.chromium) struct BrowserTests {
  /// The topics of each test, which run one after the other: a browser has several processes, which need processor time
  /// at once.
  static let topics = [
    ["interruptions", "choosing", "many", "drop-box", "accessibility"],
    ["uploading", "tokens", "without-scripts", "names", "listing"],
  ]

  @Test(arguments: topics) func `the upload page passes all scenarios`(of topics: [String]) async throws {
    try await withTemporaryDirectory { directory in
      let ended = try await script.run(topics, in: directory, timeout: .seconds(1200))
      let failed = ended.output.split(separator: "\n").filter { $0.contains("FAILED") }
      #expect(ended.exit == .status(0), "\(failed.joined(separator: "\n")) \(ended.errors)")
      #expect(ended.output.contains(/[1-9][0-9]* run, 0 failed/))
    }
  }

  @Test func `each topic is tested`() async throws {
    try await withTemporaryDirectory { directory in
      let listed = try await script.run(["--list"], in: directory).output
      let names = listed.split(separator: "\n").compactMap { $0.split(separator: "/").first.map(String.init) }
      #expect(Set(names) == Set(Self.topics.joined()))
    }
  }

  @Test func `an unknown scenario is wrong usage`() async throws {
    try await withTemporaryDirectory { directory in
      let ended = try await script.run(["choosing/nothing"], in: directory)
      #expect(ended.exit == .status(64), "\(ended)")
    }
  }

  private var script: ToolScript { ToolScript("browser") }
}
