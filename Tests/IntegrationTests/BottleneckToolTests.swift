import Foundation
import Testing
import UploadTestSupport

/// `Tests/Tools/bottleneck/run` with some of its cases. Shares are compared where nothing else runs.
@Suite(.barePython) struct BottleneckToolTests {
  private let script = ToolScript("bottleneck")

  @Test func `the bottleneck is named as the script has it`() async throws {
    try await withTemporaryDirectory { directory in
      let names = ["slow client in small chunks", "rate limit of the client", "server that stores slowly"]
      let ended = try await script.run(["--only", names.joined(separator: ",")], in: directory)
      for (name, cause) in zip(names, ["client", "limit", "finishing"]) {
        let rows = ended.output.split(separator: "\n").filter { $0.hasPrefix("| \(name): \(cause),") }
        #expect(rows.count == 1 && rows.allSatisfy { $0.contains("| \(cause) in ") }, "\(ended)")
      }
      #expect(try directory.names() == [])
    }
  }

  @Test func `wrong usage exits with 64 and prints the usage`() async throws {
    try await withTemporaryDirectory { directory in
      let ended = try await script.run(["--nothing"], in: directory)
      #expect(ended.exit == .status(64))
      #expect(ended.errors.contains("usage: run "), "\(ended)")
    }
  }
}
