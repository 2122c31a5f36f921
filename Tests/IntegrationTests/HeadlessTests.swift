import Testing
import UploadTestSupport

/// `sluice headless`: the proof that proves itself.
@Suite struct HeadlessTests {
  @Test func `generated files arrive intact in every mode, and no temporary file is left`() async throws {
    try await withTemporaryDirectory { directory in
      let ended = try await Sluice.run(
        ["headless", "--size", "8MiB", "--count", "2"],
        environment: ["TMPDIR": directory.path]
      )
      #expect(ended.exit == .status(0), "\(ended)")
      #expect(ended.errors == "")
      let events = try ended.events
      let summary = try #require(events.last)
      #expect(summary.event == "summary" && summary.ok == true)
      let uploads = try #require(summary.uploads)
      let modes = ["stream", "multipart", "buffered", "resumable"]
      #expect(uploads.map(\.mode) == modes.flatMap { [$0, $0] })
      #expect(uploads.map(\.interruptions) == [nil, nil, nil, nil, nil, nil, 2, 2])
      #expect(uploads.allSatisfy { $0.verdict == "intact" && $0.bytes == 8 << 20 })
      #expect(uploads.allSatisfy { ($0.serverPeakResidentBytes ?? 0) > 0 })
      #expect(events.first?.event == "listening")
      #expect(events.count { $0.event == "finished" && $0.direction == "outgoing" } == 8)
      #expect(events.count { $0.event == "finished" && $0.direction == "incoming" } == 8)
      #expect(try directory.names() == [])
    }
  }

  @Test func `with --keep the generated and the stored files are not removed`() async throws {
    try await withTemporaryDirectory { directory in
      let arguments = ["headless", "--size", "100kB", "--modes", "multipart", "--keep"]
      let ended = try await Sluice.run(arguments, environment: ["TMPDIR": directory.path])
      #expect(ended.exit == .status(0), "\(ended)")
      let root = try #require(try directory.names().first)
      let workspace = TemporaryDirectory(inside: directory.file(root))
      #expect(try workspace.names() == ["sample-1.bin", "uploads"])
      let stored = try Digest.ofFile(workspace.file("uploads/sample-1.bin"))
      #expect(try stored == Digest.ofFile(workspace.file("sample-1.bin")))
    }
  }

  @Test func `files of --dir that were there before are untouched, and stored ones are removed`() async throws {
    try await withTemporaryDirectory { directory in
      let paths = [
        try directory.random(0, to: "empty"), try directory.random(1, to: "one"),
        try directory.random(300_000, to: "some.bin"),
      ]
      let uploads = try directory.directory("uploads")
      try uploads.write([1, 2, 3], to: "one")
      let arguments = ["headless", "--dir", uploads.path, "--jobs", "3", "--json"]
      let place = ["TMPDIR": try directory.directory("temporary").path]
      let ended = try await Sluice.run(arguments + paths, environment: place)
      #expect(ended.exit == .status(0), "\(ended)")
      let entries = try #require(try ended.events.last?.uploads)
      #expect(entries.count == 12 && entries.allSatisfy { $0.verdict == "intact" })
      // What others had there stays, what the test brought goes.
      #expect(try uploads.names() == ["one"])
      #expect(try uploads.read("one") == [1, 2, 3])
      let kept = try await Sluice.run(arguments + ["--keep", "--modes", "stream"] + paths, environment: place)
      #expect(kept.exit == .status(0))
      #expect(try uploads.names() == ["empty", "one", "one (2)", "some.bin"])
      #expect(try directory.names() == ["empty", "one", "some.bin", "temporary", "uploads"])
      #expect(try TemporaryDirectory(inside: directory.file("temporary")).names() == [])
      #expect(try Digest.ofFile(uploads.file("some.bin")) == Digest.ofFile(paths[2]))
    }
  }

  @Test func `headless with a missing file sends the other files and exits with 1`() async throws {
    try await withTemporaryDirectory { directory in
      let arguments = [
        "headless", "--modes", "stream", directory.file("missing"), try directory.random(10, to: "here"),
      ]
      let ended = try await Sluice.run(arguments, environment: ["TMPDIR": directory.path])
      #expect(ended.exit == .status(1))
      let summary = try #require(try ended.events.last)
      #expect(summary.event == "summary" && summary.ok == false)
      #expect(summary.uploads?.map(\.verdict) == ["failed", "intact"])
      #expect(try directory.names() == ["here"])
    }
  }

  @Test func `headless with an upload over the server's size limit exits with 1`() async throws {
    let ended = try await Sluice.run(["headless", "--size", "2MB", "--max-size", "1MB", "--modes", "stream"])
    #expect(ended.exit == .status(1))
    #expect(try ended.events.last?.uploads?.map(\.verdict) == ["refused"])
  }

  @Test func `headless with an unusable upload directory exits with 2`() async throws {
    try await withTemporaryDirectory { directory in
      let file = try directory.write([1], to: "file")
      let ended = try await Sluice.run(["headless", "--dir", file], environment: ["TMPDIR": directory.path])
      #expect(ended.exit == .status(2))
      #expect(ended.errors.contains("is not a directory"), "\(ended)")
      #expect(try directory.names() == ["file"])
    }
  }

  /// A shell that becomes the program sends the signal with the first upload's end: this test's own process may be too
  /// busy to see that event before the last upload has ended.
  @Test(.bash) func `SIGINT during the uploads of headless exits with 130 and leaves no file`() async throws {
    let script = #"""
      exec "$0" "$@" > >(
        while IFS= read -r event; do [[ $event == *'"event":"finished"'* ]] && break; done
        kill -INT $$
        cat >/dev/null
      )
      """#
    try await withTemporaryDirectory { directory in
      let process = try ProcessRunner(
        "bash",
        ["-c", script, Sluice.path, "headless", "--size", "16MiB", "--count", "20"],
        environment: ["TMPDIR": directory.path]
      )
      #expect(try await process.exit() == .status(130), "\(process.errors)")
      #expect(try directory.names() == [])
    }
  }
}
