import Testing
import UploadTestSupport

/// `sluice sample`: a file of an exact size.
@Suite struct SampleTests {
  @Test(arguments: ["0": 0, "1": 1, "11": 11, "1000": 1000, "64KiB": 65_536, "1.5MB": 1_500_000, "3MiB": 3 << 20])
  func `a sample of rows and a random one have exactly the size of --size`(text: String, size: Int) async throws {
    try await withTemporaryDirectory { directory in
      let rows = try await Sluice.run(["sample", directory.file("rows.csv"), "--size", text])
      #expect(rows.exit == .status(0), "\(rows)")
      let content = try directory.read("rows.csv")
      #expect(content.count == size)
      #expect(content.starts(with: Array("index, data\n0, 0\n1, 2\n".utf8).prefix(min(size, 11))))
      let noise = try await Sluice.run(["sample", directory.file("noise"), "--size", text, "--random"])
      #expect(noise.exit == .status(0))
      #expect(try directory.read("noise").count == size)
      #expect(try directory.names() == ["noise", "rows.csv"])
    }
  }

  @Test func `rows of a sample file are complete and numbered from 0`() async throws {
    try await withTemporaryDirectory { directory in
      _ = try await Sluice.run(["sample", directory.file("rows.csv"), "--size", "100kB"])
      let text = String(decoding: try directory.read("rows.csv"), as: UTF8.self)
      let rows = text.split(separator: "\n", omittingEmptySubsequences: false)
      #expect(rows.first == "index, data" && rows.last == "")
      for (index, row) in rows.dropFirst().dropLast(2).enumerated() { #expect(row == "\(index), \(2 * index)") }
    }
  }

  @Test func `two random sample files differ`() async throws {
    try await withTemporaryDirectory { directory in
      for name in ["a", "b"] {
        _ = try await Sluice.run(["sample", directory.file(name), "--size", "1MiB", "--random"])
      }
      #expect(try Digest.ofFile(directory.file("a")) != Digest.ofFile(directory.file("b")))
    }
  }

  @Test func `sample replaces an existing file only with --force`() async throws {
    try await withTemporaryDirectory { directory in
      let path = try directory.write([1, 2, 3], to: "file")
      let existing = try await Sluice.run(["sample", path, "--size", "10"])
      #expect(existing.exit == .status(1))
      #expect(existing.errors.contains("--force"), "\(existing)")
      #expect(try directory.read("file") == [1, 2, 3])
      let forced = try await Sluice.run(["sample", path, "--size", "10", "--force"])
      #expect(forced.exit == .status(0), "\(forced)")
      #expect(try directory.read("file").count == 10)
      #expect(try directory.names() == ["file"])
    }
  }

  @Test func `sample with a size beyond the free disk space fails and leaves no file`() async throws {
    try await withTemporaryDirectory { directory in
      let ended = try await Sluice.run(["sample", directory.file("huge"), "--size", "8000PB"])
      #expect(ended.exit == .status(1) || ended.exit == .status(64))
      #expect(!ended.errors.isEmpty)
      #expect(try directory.names() == [])
    }
  }
}
