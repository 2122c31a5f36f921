import Foundation
import Testing
import UploadTestSupport

/// `sluice compare`: every way of sending, with its memory.
@Suite struct CompareTests {
  @Test(.curl, .node)
  func `every client and mode uploads the file intact, and no temporary file is left`() async throws {
    try await withTemporaryDirectory { directory in
      // A name that means something to shells, to curl and to URLs.
      let file = try directory.random(3 << 20, to: "a;b,[1-2] {x}\"%20.bin")
      let place = try directory.directory("tmp")
      let arguments = ["compare", file, "--runs", "2", "--json", "--svg", directory.file("chart.svg")]
      let ended = try await Sluice.run(arguments, environment: ["TMPDIR": place.path])
      #expect(ended.exit == .status(0), "\(ended)")
      let lines = try CompareLine.decode(ended.output)
      let runs = lines.filter { $0.event == "run" }
      let order = [
        "sluice stream", "sluice multipart", "sluice resumable", "sluice buffered", "curl stream", "curl multipart",
        "node stream", "node buffered",
      ]
      #expect(runs.map(\.client) == order + order)
      #expect(runs.allSatisfy { $0.verdict == "intact" && $0.bytes == 3 << 20 }, "\(ended)")
      #expect(runs.allSatisfy { ($0.clientRssPeak ?? 0) > 1 << 20 && ($0.serverRssPeak ?? 0) > 1 << 20 })
      #expect(runs.allSatisfy { ($0.serverPeakResidentBytes ?? 0) > 0 && ($0.seconds ?? 0) > 0 })
      let interrupted = runs.filter { $0.mode == "resumable" }
      #expect(
        interrupted.allSatisfy { $0.interruptions == 2 && (3 << 20..<8 << 20).contains($0.sentBytes ?? 0) },
        "\(ended)"
      )
      let last = try #require(lines.last)
      #expect(last.event == "comparison" && last.ok == true && lines.count == runs.count + 1)
      #expect(last.results?.map(\.verdict) == order.map { _ in "intact" })
      #expect(last.results?.allSatisfy { $0.memory?.isEmpty == false } == true)
      #expect(try place.names() == [])
      #expect(try String(decoding: directory.read("chart.svg"), as: UTF8.self).hasSuffix("</svg>\n"))
    }
  }

  @Test func `a memory limit of 60 MiB kills the buffered upload of 64 MiB, but no stream`() async throws {
    try await withTemporaryDirectory { directory in
      let ended = try await Sluice.run(
        ["compare", "--size", "64MiB", "--max-memory", "60MiB", "--json"],
        environment: ["TMPDIR": directory.path]
      )
      #expect(ended.exit == .status(0), "\(ended)")
      let runs = try CompareLine.decode(ended.output).filter { $0.program == "sluice" && $0.event == "run" }
      #expect(runs.map(\.verdict) == ["intact", "intact", "intact", "outOfMemory"], "\(ended)")
      #expect(runs.prefix(3).allSatisfy { ($0.clientRssPeak ?? .max) < 60 << 20 })
      #expect(runs.last?.reason?.contains("60 MiB") == true)
      #expect(try directory.names() == [])
    }
  }

  @Test func `a memory limit that is too low exits with 64 and names the lowest that works`() async throws {
    try await withTemporaryDirectory { directory in
      let place = ["TMPDIR": directory.path]
      let ended = try await Sluice.run(["compare", "--size", "1MiB", "--max-memory", "5MiB"], environment: place)
      #expect(ended.exit == .status(64) && ended.output == "", "\(ended)")
      let least = try #require(ended.errors.firstMatch(of: /works here is ([0-9]+MiB)/)?.output.1)
      let again = try await Sluice.run(
        ["compare", "--size", "1MiB", "--max-memory", "\(least)"],
        environment: place.merging(["PATH": "/nonexistent"]) { $1 }
      )
      #expect(again.exit == .status(0), "\(again)")
      #expect(try directory.names() == [])
    }
  }

  @Test func `clients that are not installed are reported as missing, and the exit status is 0`() async throws {
    let ended = try await Sluice.run(["compare", "--size", "100kB"], environment: ["PATH": "/nonexistent"])
    #expect(ended.exit == .status(0), "\(ended)")
    #expect(ended.output.contains("curl stream: missing: curl is not installed"), "\(ended)")
    #expect(ended.output.contains("node buffered: missing: node is not installed"))
  }

  @Test func `an unusable file or directory exits with 1 before the first upload`() async throws {
    try await withTemporaryDirectory { directory in
      let place = try directory.directory("tmp")
      mkfifo(directory.file("fifo"), 0o600)
      // No disk has room for a copy of it, and it takes none itself.
      let huge = try directory.write([], to: "huge")
      #expect(truncate(huge, 8 << 40) == 0)
      let small = try directory.random(10, to: "small")
      for (arguments, words) in [
        ([directory.file("missing")], "cannot be read"), ([place.path], "not a regular file"),
        ([directory.file("fifo")], "not a regular file"), ([huge], "8.0 TiB are needed"),
        (["--size", "8000TB"], "are needed"),
        ([small, "--dir", directory.file("no")], "Cannot create a temporary directory"),
        ([small, "--svg", directory.file("no/a.svg")], "does not exist"),
      ] {
        let ended = try await Sluice.run(["compare", "--json"] + arguments, environment: ["TMPDIR": place.path])
        #expect(ended.exit == .status(1) && ended.output == "", "\(ended)")
        #expect(ended.errors.contains(words), "\(ended)")
        #expect(try place.names() == [])
      }
    }
  }

  @Test func `a file that changes between two runs exits with 1`() async throws {
    try await withTemporaryDirectory { directory in
      let file = try directory.random(1 << 20, to: "file")
      let place = try directory.directory("tmp")
      let process = try Sluice.start(["compare", file, "--runs", "1000"], environment: ["TMPDIR": place.path])
      _ = try await process.line { $0.contains("intact") }
      try directory.random(1 << 20, to: "file")
      #expect(try await process.exit() == .status(1))
      #expect(process.errors.contains("changed while it was compared"), "\(process.errors)")
      #expect(try place.names() == [])
    }
  }

  @Test func `SIGINT ends compare with 130 and leaves no file and no process`() async throws {
    try await withTemporaryDirectory { directory in
      let arguments = ["compare", "--size", "8MiB", "--runs", "1000", "--json"]
      let process = try Sluice.start(arguments, environment: ["TMPDIR": directory.path])
      _ = try await process.line { $0.contains("intact") }
      process.signal(SIGINT)
      #expect(try await process.exit() == .status(130))
      #expect(process.errors == "")
      #expect(try directory.names() == [])
      #expect(RunningPrograms.naming(directory.path) == [])
    }
  }

  @Test(.tmux) func `a terminal shows the chart while the comparison runs, and not after Ctrl-C`() async throws {
    try await withTmux { tmux in
      try await tmux.command("'\(Sluice.path)' compare --size 4MiB --runs 1000")
      try await tmux.shows("clients' memory, full height")
      try await tmux.shows("intact")
      try await tmux.press("C-c")
      let screen = try await tmux.prompts()
      #expect(!screen.contains("full height"), "\(screen)")
    }
  }
}

/// A line of `compare --json`.
private struct CompareLine: Decodable {
  struct Result: Decodable {
    var verdict: String
    var memory: [[Double]]?
  }

  var event: String
  var client: String { "\(program ?? "") \(mode ?? "")" }
  var program: String?
  var mode: String?
  var seconds: Double?
  var bytes: UInt64?
  var interruptions: Int?
  var sentBytes: UInt64?
  var clientRssPeak: UInt64?
  var serverRssPeak: UInt64?
  var serverPeakResidentBytes: UInt64?
  var verdict: String?
  var reason: String?
  var ok: Bool?
  var results: [Result]?

  private enum CodingKeys: String, CodingKey {
    case program = "client"
    case event, mode, seconds, bytes, interruptions, sentBytes, clientRssPeak, serverRssPeak, serverPeakResidentBytes,
      verdict, reason, ok, results
  }

  static func decode(_ text: String) throws -> [CompareLine] {
    try text.split(separator: "\n").map { try JSONDecoder().decode(CompareLine.self, from: Data($0.utf8)) }
  }
}
