import ArgumentParser
import Basics
import UploadCore

/// Measures many small files that are synced one by one, uploaded to the server and stored with system calls alone.
struct SmallBenchmark: Benchmark {
  static let name = "small"
  static let abstract = "Small durable files over HTTP, against as many threads of plain system calls."

  @OptionGroup var common: BenchOptions
  @Option(help: "Size of each file. (default: 4KiB)", transform: Parse.size)
  var size = 4 << 10
  @Option(help: "Keep-alive connections, and plain threads. (default: 32)", transform: Parse.number(in: 1...10_000))
  var connections = 32
  @Option(help: "Files per connection. (default: 64)", transform: Parse.number(in: 1...1_000_000))
  var files = 64
  @OptionGroup var server: ServerOptions

  func run(rounds: Int) throws -> Report {
    let source = try SourceFile(directory: server.dir)
    let subjects = [
      Subject(labels: ["sluice"]) { try measureServer(source) },
      Subject(labels: ["bare"]) { try measureBare() },
    ]
    var report = Report(
      labels: ["subject"],
      columns: [Report.Column(title: "files/s", key: "filesPerSecond", digits: 0)],
      rows: try Subject.medians(of: subjects, rounds: rounds),
      notes: [
        "\(connections) at once, \(ByteSize.text(UInt64(size))) each. \(server.note)",
        "bare: open with O_TMPFILE, write, fdatasync, link, fsync of the directory.",
      ]
    )
    report.addRatio(of: 0, to: "bare", Report.Column(title: "of bare", key: "ratioToBare", digits: 2))
    return report
  }

  private func measureServer(_ source: SourceFile) throws -> [Double?] {
    try server.withServer { server in
      let size = size
      let open = try (0..<connections).map { _ in try Connection(port: server.port) }
      return try rate { thread, file in try open[thread].upload("\(thread)-\(file)", size: size, from: source) }
    }
  }

  private func measureBare() throws -> [Double?] {
    let content = SplitMix64.bytes(size, seed: 4)
    return try Workspace.use(in: server.dir) { path in
      let directory = try BareDirectory(path: path)
      return try rate { thread, file in try directory.store(content, as: "\(thread)-\(file)") }
    }
  }

  /// Files per second when each of `connections` threads stores its files with `store`.
  private func rate(_ store: @escaping @Sendable (_ thread: Int, _ file: Int) throws -> Void) throws -> [Double?] {
    let files = files
    let duration = try ContinuousClock().measure {
      try Threads.run(connections) { thread in
        for file in 0..<files { try store(thread, file) }
      }
    }
    return [Double(connections * files) / duration.inSeconds]
  }
}
