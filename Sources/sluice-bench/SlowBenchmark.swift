import ArgumentParser
import Glibc
import UploadCore

/// Measures the resources that many slow clients cost the server.
struct SlowBenchmark: Benchmark {
  static let name = "slow"
  static let abstract = "Many slow uploads at once: the server's memory, threads and processor."

  /// Bytes sent at once: those of a TCP stream that fit an Ethernet frame.
  private static let chunkSize = 1448

  @OptionGroup var common: BenchOptions
  @Option(help: "Concurrent uploads. (default: 1000)", transform: Parse.number(in: 1...10_000))
  var uploads = 1000
  @Option(help: "Bytes per second of each upload. (default: 20kB)", transform: Parse.size)
  var rate = 20_000
  @Option(help: "Duration in seconds. (default: 20)", transform: Parse.number(in: 1...3600))
  var seconds = 20
  @OptionGroup var server: ServerOptions

  func run(rounds: Int) throws -> Report {
    let source = try SourceFile(directory: server.dir)
    let subject = Subject(labels: [String(uploads), ByteSize.rateText(Double(rate))]) { try measure(source) }
    return Report(
      labels: ["uploads", "rate"],
      columns: [
        Report.Column(title: "idle RSS MiB", key: "idleMebibytes", digits: 1),
        Report.Column(title: "RSS MiB", key: "residentMebibytes", digits: 1),
        Report.Column(title: "peak RSS MiB", key: "peakMebibytes", digits: 1),
        Report.Column(title: "threads", key: "threads", digits: 0),
        Report.Column(title: "CPU % of a core", key: "processorPercent", digits: 1),
        Report.Column(title: "of rate", key: "ratioToRate", digits: 2),
      ],
      rows: try Subject.medians(of: [subject], rounds: rounds),
      notes: [
        "For \(seconds) s, in chunks of one Ethernet frame, spread evenly. \(server.note)",
        "RSS, threads and CPU are those while all send; the peak includes the end, when all are synced at once.",
        "Below 1.00 of the rate the machine could not keep up, and the numbers are too low.",
      ]
    )
  }

  private func measure(_ source: SourceFile) throws -> [Double?] {
    // `send` leaves the last byte of each upload.
    let size = max(2, rate * seconds)
    let limits = ["--max-uploads", String(uploads), "--max-connections", String(uploads + 16)]
    return try server.withServer(options: limits) { server in
      let idle = try server.usage()
      let connections = try (0..<uploads).map { number in
        let connection = try Connection(port: server.port)
        try connection.sendHead("slow-\(number)", size: size)
        return connection
      }
      let before = try server.usage()
      let elapsed = try ContinuousClock().measure { try send(source, count: size - 1, to: connections) }.inSeconds
      let after = try server.usage()
      for connection in connections { try connection.send(source, count: 1) }
      for connection in connections { try connection.expectStored() }
      let last = try server.usage()
      let memory: [Double?] = [idle.resident, after.resident, last.peak].map { Double($0) / 1_048_576 }
      let percent = (after.processorSeconds - before.processorSeconds) / elapsed * 100
      return memory + [Double(after.threads), percent, Double(seconds) / elapsed]
    }
  }

  /// Sends `count` bytes to each connection from one thread, at ``rate``, the chunks spread evenly.
  private func send(_ source: SourceFile, count: Int, to connections: [Connection]) throws(UploadError) {
    let interval = Double(Self.chunkSize) / Double(rate) / Double(uploads)
    let start = ContinuousClock.now
    var chunks = 0
    for offset in stride(from: 0, to: count, by: Self.chunkSize) {
      for connection in connections {
        let wait = (start + .seconds(interval * Double(chunks)) - .now).inSeconds
        // Chunks that are due within a millisecond are sent together: shorter pauses would cost the client too much.
        if wait > 0.001 { usleep(UInt32(wait * 1_000_000)) }
        try connection.send(source, count: min(Self.chunkSize, count - offset))
        chunks += 1
      }
    }
  }
}
