import Foundation
import Testing
import UploadTestSupport

/// `Tests/Tools/resumable/run` with small counts.
@Suite(.barePython) struct ResumableToolTests {
  @Test func `uploads survive kill -9 of the server at random moments`() async throws {
    try await withTemporaryDirectory { directory in
      let ended = try await script.run(["kill-server", "--rounds", "8", "--size", "32"], in: directory)
      #expect(ended.exit == .status(0), "\(ended)")
      #expect(ended.output.contains("| nothing is left over |"))
      #expect(try directory.names() == [])
    }
  }

  @Test func `the client continues through cuts in both protocols`() async throws {
    try await withTemporaryDirectory { directory in
      // Times and memory are measured where nothing else runs.
      let ended = try await script.run(["cuts", "--size", "64MiB", "--cuts", "6"], in: directory)
      for protocolName in ["RUFH", "tus"] {
        for asked in ["SHA-256 is equal", "appended by this protocol", "6 cuts"] {
          let rows = ended.output.split(separator: "\n").filter { $0.hasPrefix("| \(protocolName): \(asked) |") }
          #expect(rows.count == 1 && rows.allSatisfy { $0.hasSuffix("| yes |") }, "\(ended)")
        }
      }
      #expect(try directory.names() == [])
    }
  }

  @Test func `an unknown name is wrong usage`() async throws {
    try await withTemporaryDirectory { directory in
      let result = try await script.run(["kill-nothing"], in: directory).exit
      #expect(result == .status(64))
    }
  }

  private var script: ToolScript { ToolScript("resumable") }
}
