import Foundation
import Testing
import UploadTestSupport

/// What `sluice serve` says about the unfinished uploads of its earlier runs.
@Suite struct UnfinishedStartTests {
  @Test(.curl)
  func `serve says at the start how many unfinished uploads it has found, and nothing when there are none`()
    async throws
  {
    try await withTemporaryDirectory { directory in
      for found in 0...2 {
        let process = try Sluice.start(["serve", "--port", "0", "--dir", directory.file("uploads")])
        let line = try await process.line { $0.contains(" listening on ") }
        #expect(line.contains("unfinished") == (found > 0), "\(line)")
        if found > 0 { #expect(line.contains("found \(found) unfinished upload"), "\(line)") }
        let url = try #require(line.firstMatch(of: /http:\/\/[0-9.]+:[0-9]+/)).output
        let fields = ["-H", "Upload-Complete: ?0", "-H", "Content-Length: 0"]
        let created = try await Curl.run(["-X", "POST"] + fields + ["\(url)/stream-upload?name=a.bin"])
        #expect(created.status == 201, "\(created)")
        process.signal(SIGTERM)
        #expect(try await process.exit() == .status(0))
      }
    }
  }

  @Test(.curl) func `the listening event has the number of unfinished uploads`() async throws {
    try await withTemporaryDirectory { directory in
      for found in 0...1 {
        let process = try Sluice.start(["serve", "--json", "--port", "0", "--dir", directory.file("uploads")])
        let line = try await process.line { $0.contains(#""event":"listening""#) }
        #expect(line.contains(#""unfinished":\#(found)"#), "\(line)")
        let url = try #require(line.firstMatch(of: /http:\/\/[0-9.]+:[0-9]+/)).output
        let created = try await Curl.run([
          "-X", "POST", "-H", "Tus-Resumable: 1.0.0", "-H", "Upload-Length: 10", "\(url)/uploads",
        ])
        #expect(created.status == 201, "\(created)")
        process.signal(SIGTERM)
        #expect(try await process.exit() == .status(0))
      }
    }
  }
}
