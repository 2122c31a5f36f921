import Testing
import UploadTestSupport

/// `sluice headless --script`: the real dashboard on a screen in memory.
@Suite struct ScriptTests {
  private func run(
    _ script: String,
    _ arguments: [String] = [],
    in directory: TemporaryDirectory
  ) async throws -> Sluice.Ended {
    // How long a script waits when it does not say so is for people; a test may wait long for its turn.
    let lines = script.split(separator: "\n", omittingEmptySubsequences: false).map { line in
      let waits = line.hasPrefix("expect") || line.hasPrefix("wait")
      return waits && !line.contains(" within ") ? "\(line) within 5m" : String(line)
    }
    try directory.write(lines.joined(separator: "\n").utf8, to: "script")
    return try await Sluice.run(
      ["headless", "--script", "script"] + arguments,
      environment: ["TMPDIR": directory.path, "XDG_CONFIG_HOME": directory.file("config")],
      directory: directory.path
    )
  }

  @Test func `a script selects a file in the picker, and its frame shows the upload as sent and stored`() async throws {
    try await withTemporaryDirectory { directory in
      let path = try directory.directory("files").random(3 << 20, to: "picked.bin")
      let ended = try await run(
        """
        key u
        expect "files/"
        type "/files"
        key Enter
        expect picked.bin
        wait idle
        key Enter
        expect "Enter sends 1 file"
        wait idle
        frame sheet
        key Enter
        wait idle
        frame end
        key q
        """,
        ["--dir", "up", "--keep", "--frames", "frames", "--screen", "120x34"],
        in: directory
      )
      #expect(ended.exit == .status(0), "\(ended)")
      #expect(ended.output == "" && ended.errors == "")
      #expect(try Digest.ofFile(directory.file("up/picked.bin")) == Digest.ofFile(path))
      let frame = String(decoding: try directory.read("frames/end.txt"), as: UTF8.self)
      #expect(frame.matches(of: /picked.bin +(stored|sent)/).count == 2, "\(frame)")
      #expect(frame.split(separator: "\n").count == 34)
      #expect(try directory.names().sorted() == ["files", "frames", "script", "up"], "no settings, nothing temporary")
    }
  }

  @Test func `without --keep the files that a script has stored are removed afterwards`() async throws {
    try await withTemporaryDirectory { directory in
      try directory.random(100_000, to: "a.bin")
      let uploads = try directory.directory("up")
      try uploads.write([1], to: "a.bin")
      let script = "send a.bin multipart\nsend a.bin\nwait idle\nexpect stored\nquit"
      let ended = try await run(script, ["--dir", "up", "a.bin"], in: directory)
      #expect(ended.exit == .status(0), "\(ended)")
      #expect(try uploads.names() == ["a.bin"])
      #expect(try uploads.read("a.bin") == [1])
    }
  }

  @Test func `frames in ANSI format contain colors`() async throws {
    try await withTemporaryDirectory { directory in
      let arguments = ["--frames", "frames", "--format", "ansi", "--screen", "60x10"]
      let ended = try await run("resize 40x8\nframe one", arguments, in: directory)
      #expect(ended.exit == .status(0), "\(ended)")
      let frame = String(decoding: try directory.read("frames/one.ansi"), as: UTF8.self)
      #expect(frame.split(separator: "\n").count == 8 && frame.contains("\u{1B}[0"))
    }
  }

  @Test func `a failed expectation exits with 1 and prints the screen`() async throws {
    try await withTemporaryDirectory { directory in
      let ended = try await run("# first\nexpect \"never there\" within 200ms\nframe x", in: directory)
      #expect(ended.exit == .status(1))
      #expect(ended.errors.contains("Incoming"))
      #expect(ended.errors.contains("sluice: script, line 2: expect \"never there\" within 200ms: the screen does not"))
      let other = try await run("expect-not Incoming within 200ms", in: directory)
      #expect(other.exit == .status(1) && other.errors.contains("the screen shows it"))
      let late = try await run("quit\nexpect Incoming\nkey u", in: directory)
      #expect(late.exit == .status(1) && late.errors.contains("line 3: key u: the dashboard has ended"), "\(late)")
    }
  }

  @Test func `an invalid script exits with 64 and leaves no file`() async throws {
    try await withTemporaryDirectory { directory in
      let ended = try await run("key u\nfrob\n", ["--frames", "frames"], in: directory)
      #expect(ended.exit == .status(64))
      #expect(ended.errors.hasPrefix("sluice: script, line 2: \"frob\" is no command"), "\(ended)")
      #expect(try directory.names() == ["script"])
      let missing = try await Sluice.run(["headless", "--script", directory.file("none")])
      #expect(missing.exit == .status(64) && missing.errors.contains("cannot be read"), "\(missing)")
    }
  }

  @Test func `a script is read from standard input`() async throws {
    let ended = try await Sluice.run(["headless", "--script", "-"], input: Array("expect Incoming\nquit\n".utf8))
    #expect(ended.exit == .status(0), "\(ended)")
  }

  @Test func `a script saves and loads the file of --settings, and the dashboard reports a broken one`() async throws {
    try await withTemporaryDirectory { directory in
      let arguments = ["--settings", directory.file("liked.json")]
      let first = try await run("key m\nexpect \"next: multipart\"\nkey q", arguments, in: directory)
      #expect(first.exit == .status(0), "\(first)")
      let second = try await run("expect \"next: multipart\"\nkey q", arguments, in: directory)
      #expect(second.exit == .status(0), "\(second)")
      try directory.write(Array("broken".utf8), to: "liked.json")
      let third = try await run("expect \"settings are not used\"\nkey q", arguments, in: directory)
      #expect(third.exit == .status(0), "\(third)")
    }
  }

  @Test
  func `a script that waits sends all 20 files, and one that quits at once stores no partial file`() async throws {
    try await withTemporaryDirectory { directory in
      try directory.random(1 << 20, to: "a.bin")
      let sends = String(repeating: "send a.bin\n", count: 20)
      let ended = try await run("\(sends)wait idle\nquit", ["--dir", "up", "--keep"], in: directory)
      #expect(ended.exit == .status(0), "\(ended)")
      #expect(try TemporaryDirectory(inside: directory.file("up")).names().count == 20)
      // The script does not wait for the uploads: incomplete ones must not be stored.
      let hasty = try await run("\(sends)quit", ["--dir", "hasty", "--keep"], in: directory)
      #expect(hasty.exit == .status(0), "\(hasty)")
      let stored = TemporaryDirectory(inside: directory.file("hasty"))
      for name in (try? stored.names()) ?? [] {
        #expect(try Digest.ofFile(stored.file(name)) == Digest.ofFile(directory.file("a.bin")))
      }
    }
  }
}
