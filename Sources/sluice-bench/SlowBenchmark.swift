import ArgumentParser
import Glibc
import UploadCore

/// Very many clients that send little at a time: what they cost the server.
struct SlowBenchmark: Benchmark {
  static let name = "slow"
  static let configuration = CommandConfiguration(
    commandName: name,
    abstract: "Many slow uploads at once: the server's memory, threads and processor."
  )

  @OptionGroup var common: BenchOptions
  @Option(help: "Uploads at once. (default: 1000)", transform: BenchValue.number(in: 1...10_000))
  var uploads = 1000
  @Option(help: "Bytes a second, each. (default: 20kB)", transform: BenchValue.size)
  var rate = 20_000
  @Option(help: "Seconds that they go on. (default: 20)", transform: BenchValue.number(in: 1...3600))
  var seconds = 20
  @OptionGroup var server: ServerOptions

  func run(rounds: Int) throws -> Report {
    let source = try SourceFile(directory: server.dir)
    let subject = Subject(labels: [String(uploads), ByteSize.rateText(Double(rate))]) { try measure(source) }
    return Report(
      name: Self.name,
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
        "For \(seconds) s, in pieces of one Ethernet frame, spread evenly. \(server.note)",
        "RSS, threads and CPU are those while all send; the peak counts the end too, when all are synced at once.",
        "Under 1.00 of the rate, this machine could not keep up, and the numbers say less.",
      ]
    )
  }

  private func measure(_ source: SourceFile) throws -> [Double?] {
    try server.withServer { server in
      let idle = try server.usage()
      let crowd = try SlowCrowd(uploads: uploads, rate: rate, seconds: seconds, source: source, port: server.port)
      let before = try server.usage()
      let start = ContinuousClock.now
      try crowd.send()
      let elapsed = (ContinuousClock.now - start).inSeconds
      let after = try server.usage()
      try crowd.finish()
      let last = try server.usage()
      return [
        Double(idle.resident) / 1_048_576,
        Double(after.resident) / 1_048_576,
        Double(last.peak) / 1_048_576,
        Double(after.threads),
        (after.processorSeconds - before.processorSeconds) / elapsed * 100,
        Double(seconds) / elapsed,
      ]
    }
  }
}

/// Clients that send at a steady, low rate, all from one thread.
struct SlowCrowd {
  /// Bytes sent at once: what an Ethernet frame takes of a TCP stream.
  private static let piece = 1448

  private let connections: [Connection]
  private let source: SourceFile
  /// Bytes of each upload, all but its last byte sent by ``send()``.
  private let size: Int
  /// Between two pieces of any of the clients, in seconds.
  private let interval: Double

  /// Connects them all and sends the heads of their requests.
  /// - Parameter rate: bytes per second, each.
  init(uploads: Int, rate: Int, seconds: Int, source: SourceFile, port: UInt16) throws(UploadError) {
    self.source = source
    size = max(2, rate * seconds)
    interval = Double(Self.piece) / Double(rate) / Double(uploads)
    var connections: [Connection] = []
    for number in 0..<uploads {
      let connection = try Connection(port: port)
      try connection.sendHead("slow-\(number)", size: size)
      connections.append(connection)
    }
    self.connections = connections
  }

  /// Sends everything but the last byte of each, every piece at its time.
  func send() throws(UploadError) {
    let start = ContinuousClock.now
    var pieces = 0
    for offset in stride(from: 0, to: size - 1, by: Self.piece) {
      for connection in connections {
        let wait = (start + .seconds(interval * Double(pieces)) - .now).inSeconds
        // What is due within a millisecond goes out together: to sleep for less would cost more than it tells.
        if wait > 0.001 { usleep(UInt32(wait * 1_000_000)) }
        try connection.send(source, count: min(Self.piece, size - 1 - offset))
        pieces += 1
      }
    }
  }

  /// Sends the last bytes and waits for all responses.
  /// - Throws: ``UploadError``; code `refusedByServer` when one is not 201.
  func finish() throws(UploadError) {
    for connection in connections { try connection.send(source, count: 1) }
    for connection in connections { try connection.expectStored() }
  }
}
