import Foundation
import Testing
import UploadTestSupport

/// `Tests/Tools/trees/run` and `Tests/Tools/link/run` with small counts.
@Suite(.barePython) struct TreeToolTests {
  @Test func `a directory arrives through cuts of all connections and kill -9 of each side`() async throws {
    try await withTemporaryDirectory { directory in
      let ended = try await ToolScript("trees").run(["interrupted", "--files", "600", "--cuts", "4"], in: directory)
      for asked in [
        "600 files arrive", "no file or directory is missing", "SHA-256 of each file is equal",
        "modification times are equal", "nothing else is stored, besides copies with a number",
      ] {
        let rows = ended.output.split(separator: "\n").filter { $0.hasPrefix("| \(asked) |") }
        #expect(rows.count == 1 && rows.allSatisfy { $0.hasSuffix("| yes |") }, "\(asked): \(ended)")
      }
      #expect(try directory.names() == [])
    }
  }

  @Test(.networks) func `a link loses packets as asked, and ends with its networks`() async throws {
    try await withTemporaryDirectory { directory in
      // Times and rates are measured where nothing else runs.
      let ended = try await ToolScript("link").run(["--self-test"], in: directory)
      let lost = ended.output.split(separator: "\n").filter { $0.contains("are lost at a loss of 0.1") }
      #expect(lost.count == 1 && lost.allSatisfy { $0.hasSuffix("| yes |") }, "\(ended)")
    }
  }

  @Test(.networks) func `a link returns the status of its command, which reaches the other end`() async throws {
    try await withTemporaryDirectory { directory in
      let command = #"$ON_SERVER ip address show link0 | grep -q "$SERVER_ADDRESS" && exit 7"#
      let ended = try await ToolScript("link").run(["--delay", "5ms", "--", "sh", "-c", command], in: directory)
      #expect(ended.exit == .status(7), "\(ended)")
    }
  }

  @Test(arguments: ["trees", "link"]) func `wrong usage exits with 64`(tool: String) async throws {
    try await withTemporaryDirectory { directory in
      let ended = try await ToolScript(tool).run(["--nothing"], in: directory)
      #expect(ended.exit == .status(64), "\(ended)")
    }
  }
}
