import Foundation
import Testing
import UploadTestSupport

/// `Tests/Tools/bench/run`, with those of the compared programs that are installed here.
@Suite(.barePython) struct BenchToolTests {
  @Test func `every installed program is measured, and the results are a table and JSON`() async throws {
    try await withTemporaryDirectory { directory in
      let json = directory.file("result.json")
      let arguments = ["--size", "2MiB", "--rounds", "1", "--settle", "0", "--json", json]
      let ended = try await script.run(arguments, in: directory)
      #expect(ended.exit == .status(0), "\(ended)")
      let result = try JSONDecoder().decode(Result.self, from: Data(contentsOf: URL(filePath: json)))
      #expect(result.size == 2 << 20)
      #expect(result.rounds == 1)
      #expect(result.machine.cores > 0 && result.machine.memory > 0 && !result.machine.kernel.isEmpty)
      #expect(result.failed.isEmpty)

      let stream = try #require(result.rows.first { $0.case == "stream" && $0.name == "sluice" })
      #expect(stream.synced == "file and directory" && stream.verified == true)
      #expect(stream.bytesPerSecond > 0 && stream.seconds.count == 1 && stream.cpuSeconds.count == 1)
      let onDisk = try #require(stream.bytesPerSecondToDisk)
      #expect(onDisk > 0 && onDisk <= stream.bytesPerSecond)
      #expect(stream.peakResidentBytes ?? 0 > 1e6 && stream.cpuSecondsPerGB >= 0)
      #expect(stream.pageCacheBytes != nil && stream.unwrittenBytes != nil)
      #expect(stream.sluiceSpeedRatio == 1)

      let client = try #require(result.rows.first { $0.case == "client" && $0.name == "sluice send" })
      #expect(client.bytesPerSecond > 0 && client.receiverBusy != nil)

      for row in result.rows where row.case != "client" && row.name != "sluice" {
        #expect(row.synced == "nothing" && row.verified == true, "\(row)")
        #expect(row.sluiceSpeedRatio.map { $0 > 0 } == true, "\(row)")
      }
      // Each program is measured, or said to be absent.
      let measured = Set(result.rows.compactMap { $0.name.split(separator: " ").first.map(String.init) })
      let absent = Set(result.absent.map(\.name))
      #expect(measured.isDisjoint(with: absent))
      #expect(
        measured.union(absent) == ["sluice", "nginx", "lighttpd", "aiohttp", "busboy", "curl"],
        "\(ended)"
      )
      expectTable(of: result, in: ended.output)
      #expect(try directory.names() == ["result.json"])
    }
  }

  @Test func `a program that cannot run is skipped and named, and a run of it alone fails`() async throws {
    try await withTemporaryDirectory { directory in
      let fake = try directory.write("#!/bin/sh\nexit 3\n".utf8, to: "curl")
      try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: fake)
      let path = ["PATH": "\(directory.path):\(ProcessInfo.processInfo.environment["PATH"] ?? "")"]
      let arguments = ["--size", "100kB", "--rounds", "2", "--settle", "0", "--json", "-", "--only"]

      let ended = try await script.run(arguments + ["client,sluice,curl"], in: directory, environment: path)
      #expect(ended.exit == .status(0), "\(ended)")
      #expect(ended.errors.contains("curl is left out: "), "\(ended)")
      let result = try JSONDecoder().decode(Result.self, from: Data(ended.output.utf8))
      #expect(result.rows.map(\.name) == ["sluice send", "sluice send form"])
      #expect(result.rows.allSatisfy { $0.seconds.count == 2 })
      #expect(result.absent.map(\.name) == ["curl"])

      let without = try await script.run(arguments + ["client,curl"], in: directory, environment: path)
      #expect(without.exit == .status(1))
      #expect(without.errors.contains("run: nothing of what was asked for"), "\(without)")
      #expect(try directory.names() == ["curl"])
    }
  }

  @Test func `a server that fails is named in the results, and the run exits with 1`() async throws {
    try await withTemporaryDirectory { directory in
      let fake = directory.file("sluice")
      // It has a version, and ends when it is to serve.
      try directory.write("#!/bin/sh\n[ \"$1\" = --version ] || { echo no luck; exit 3; }\n".utf8, to: "sluice")
      try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: fake)
      let arguments = ["--size", "100kB", "--rounds", "2", "--settle", "0", "--only", "stream,sluice"]
      let ended = try await script.run(arguments, in: directory, sluice: fake)
      #expect(ended.exit == .status(1))
      #expect(ended.output.contains("- stream, sluice failed: sluice exited with 3: no luck"), "\(ended)")
      #expect(try directory.names() == ["sluice"])
    }
  }

  @Test(arguments: [SIGINT, SIGTERM])
  func `a run that is stopped by a signal leaves no file and no process`(_ signal: Int32) async throws {
    try await withTemporaryDirectory { directory in
      let runner = try ProcessRunner(
        script.path,
        ["--sluice", Sluice.path, "--size", "1MiB", "--rounds", "1000", "--settle", "0", "--only", "stream,sluice"],
        directory: directory.path
      )
      runner.closeInput()
      try await eventually("an upload", timeout: .seconds(120)) { runner.errors.contains("round 1 of 1000: sluice") }
      try await eventually("a server", timeout: .seconds(120)) { try ToolScript.processes(in: directory.path) > 1 }
      runner.signal(signal)
      #expect(try await runner.exit() == .status(130))
      #expect(try directory.names() == [])
      // An ended process may stay listed for an instant longer than the one that ended it.
      try await eventually("the end of all it began") { try ToolScript.processes(in: directory.path) == 0 }
    }
  }

  @Test(arguments: [
    ["--size", "none"], ["--size", "0"], ["--rounds", "0"], ["--only", "apache"], ["--only", ""], ["file"],
  ])
  func `wrong usage exits with 64 and prints the usage`(_ arguments: [String]) async throws {
    try await withTemporaryDirectory { directory in
      let ended = try await script.run(arguments, in: directory)
      #expect(ended.exit == .status(64))
      #expect(ended.errors.contains("usage: run "), "\(ended)")
    }
  }

  private let script = ToolScript("bench")

  /// Expects every row that JSON has in the table of its case.
  private func expectTable(of result: Result, in output: String) {
    let parts = output.components(separatedBy: "\n### ").dropFirst()
    for row in result.rows {
      let part = parts.first { $0.hasPrefix("\(row.case): ") } ?? ""
      let line = part.split(separator: "\n").first { $0.hasPrefix("| \(row.name) \(row.version) ") }
      #expect(
        line?.split(separator: "|").count
          == part.split(separator: "\n").first { $0.hasPrefix("| ") }?
          .split(separator: "|").count,
        "\(row.name): \(output)"
      )
    }
  }

  /// What `--json` writes.
  private struct Result: Decodable {
    struct Machine: Decodable {
      var processor: String
      var cores: Int
      var memory: UInt64
      var kernel: String
      var fileSystem: String
      var load: Double
    }

    struct Row: Decodable {
      var `case`: String
      var name: String
      var version: String
      var synced: String?
      var verified: Bool?
      var bytesPerSecond: Double
      var bytesPerSecondToDisk: Double?
      var cpuSecondsPerGB: Double
      var peakResidentBytes: Double?
      var pageCacheBytes: Double?
      var unwrittenBytes: Double?
      var receiverBusy: Double?
      var sluiceSpeedRatio: Double?
      var sluiceCPURatio: Double?
      var seconds: [Double]
      var cpuSeconds: [Double]
    }

    struct Reason: Decodable {
      var name: String
      var reason: String
    }

    var machine: Machine
    var size: UInt64
    var rounds: Int
    var rows: [Row]
    var absent: [Reason]
    var failed: [Reason]
  }
}
