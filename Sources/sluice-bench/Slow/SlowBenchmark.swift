import Glibc
import UploadCore

/// Very many clients that send little at a time: what they cost the server.
struct SlowBenchmark: Benchmark {
  static let name = "slow"
  static let summary = "many slow uploads at once: the server's memory, threads and processor"
  static let options =
    [
      "--uploads N          at once (1000)",
      "--rate SIZE          bytes a second, each (20kB)",
      "--seconds N          that they go on (20)",
    ] + ServerOptions.help

  private let uploads: Int
  private let rate: Int
  private let seconds: Int
  private let server: ServerOptions

  init(_ arguments: inout Arguments) throws(UploadError) {
    uploads = try arguments.takeNumber("--uploads", default: 1000, in: 1...10_000)
    rate = try arguments.takeSize("--rate", default: 20_000)
    seconds = try arguments.takeNumber("--seconds", default: 20, in: 1...3600)
    server = try ServerOptions(&arguments)
  }

  func run(rounds: Int) throws -> Report {
    let source = try SourceFile(directory: server.directory)
    let subject = Subject(labels: [String(uploads), ByteSize.rateText(Double(rate))]) { try measure(source) }
    return Report(
      Self.name,
      labels: ["uploads", "rate"],
      columns: [
        Report.Column("idle RSS MiB", "idleMebibytes", digits: 1),
        Report.Column("RSS MiB", "residentMebibytes", digits: 1),
        Report.Column("peak RSS MiB", "peakMebibytes", digits: 1),
        Report.Column("threads", "threads", digits: 0),
        Report.Column("CPU % of a core", "processorPercent", digits: 1),
        Report.Column("of rate", "ratioToRate", digits: 2),
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
