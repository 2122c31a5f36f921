import UploadCore
import UploadStorage

/// Uploads over loopback to the real server, by mode, size and how many at once.
struct UploadBenchmark: Benchmark {
  static let name = "upload"
  static let summary = "the server in a process of its own, sent to over loopback by sendfile"
  static let options =
    [
      "--modes LIST         some of stream, multipart, buffered (all)",
      "--sizes SIZES        of the files (4KiB,64KiB,1MiB,16MiB,256MiB,1GiB,4GiB)",
      "--concurrency LIST   uploads at once (1,8,64,1000)",
      "--most SIZE          leave out what would write more than this at once (4GiB)",
    ] + ServerOptions.help

  /// Small files are sent until there are this many bytes of them, or this many files, and one a connection at least.
  private static let enoughBytes = 1 << 30
  private static let enoughFiles = 2048
  /// One after the other they take long without telling more.
  private static let enoughTurns = 256
  /// A form in memory is not tried with more than this in all.
  private static let mostBuffered = 1 << 30

  private struct Shape {
    var mode: SendMode
    var size: Int
    var concurrency: Int

    var labels: [String] { [mode.rawValue, ByteSize.text(UInt64(size)), String(concurrency)] }

    /// How many files each connection sends.
    var turns: Int {
      let files = min(enoughFiles, enoughBytes / size)
      return max(1, min(enoughTurns, files / concurrency))
    }
  }

  private let shapes: [Shape]
  private let server: ServerOptions
  private let notes: [String]

  init(_ arguments: inout Arguments) throws(UploadError) {
    let modes: [SendMode] = try arguments.takeChoices("--modes")
    let sizes = try arguments.takeSizes(
      "--sizes",
      default: [4 << 10, 64 << 10, 1 << 20, 16 << 20, 256 << 20, 1 << 30, 4 << 30]
    )
    let concurrency = try arguments.takeNumbers("--concurrency", default: [1, 8, 64, 1000], in: 1...10_000)
    let most = try arguments.takeSize("--most", default: 4 << 30)
    server = try ServerOptions(&arguments)
    let all = sizes.flatMap { size in
      concurrency.flatMap { count in modes.map { Shape(mode: $0, size: size, concurrency: count) } }
    }
    shapes = all.filter { $0.size <= ($0.mode == .buffered ? min(most, Self.mostBuffered) : most) / $0.concurrency }
    notes =
      [server.note, "Page cache: the most that Cached of /proc/meminfo grew by, stored files still there."]
      + (all.count > shapes.count ? ["Left out for their size: \(all.count - shapes.count) of \(all.count)."] : [])
  }

  func run(rounds: Int) throws -> Report {
    let source = try SourceFile(directory: server.directory)
    let subjects = shapes.map { shape in Subject(labels: shape.labels) { try measure(shape, source) } }
    return Report(
      Self.name,
      labels: ["mode", "size", "concurrency"],
      columns: [
        Report.Column("GB/s", "gigabytesPerSecond", digits: 3),
        Report.Column("uploads/s", "uploadsPerSecond", digits: 1),
        Report.Column("CPU s/GB", "serverProcessorSecondsPerGigabyte", digits: 3),
        Report.Column("peak RSS MiB", "serverPeakMebibytes", digits: 1),
        Report.Column("page cache MiB", "pageCacheMebibytes", digits: 1),
      ],
      rows: try Subject.medians(of: subjects, rounds: rounds),
      notes: notes
    )
  }

  private func measure(_ shape: Shape, _ source: SourceFile) throws -> [Double?] {
    try server.withServer { server in
      let sender = Sender(mode: shape.mode, size: shape.size, source: source)
      let connections = try (0..<shape.concurrency).map { _ in try Connection(port: server.port) }
      let turns = shape.turns
      let before = try server.usage()
      let (elapsed, growth) = try PageCache.growth {
        try Elapsed.measure {
          try Threads.run(connections.count) { number in
            for turn in 0..<turns { try sender.send("\(number)-\(turn)", over: connections[number]) }
          }
        }.elapsed
      }
      let after = try server.usage()
      let uploads = Double(turns * connections.count)
      let gigabytes = uploads * Double(shape.size) / 1e9
      return [
        gigabytes / elapsed.seconds,
        uploads / elapsed.seconds,
        (after.processorSeconds - before.processorSeconds) / gigabytes,
        Double(after.peak) / 1_048_576,
        Double(growth) / 1_048_576,
      ]
    }
  }
}

/// Options of every benchmark that starts a server.
struct ServerOptions {
  static let help = [
    "--dir DIR            on the disk to be measured (.)",
    "--durability LEVEL   full, file or none (full)",
    "--sluice PATH        the server's program (the one beside this)",
  ]

  /// Where every measurement makes a directory of its own.
  let directory: String
  private let durability: Durability
  private let executable: String

  /// Takes them.
  /// - Throws: ``UploadError`` with code `badValue`.
  init(_ arguments: inout Arguments) throws(UploadError) {
    directory = try arguments.takeValue("--dir") ?? "."
    let level = try arguments.takeValue("--durability") ?? Durability.full.rawValue
    guard let durability = Durability(rawValue: level) else {
      throw UploadError(.badValue, "--durability takes full, file or none.")
    }
    self.durability = durability
    executable = try arguments.takeValue("--sluice") ?? ServerProcess.besideThisOne
  }

  /// For the report.
  var note: String { "The server ran with --durability \(durability.rawValue)." }

  /// Starts a server on a fresh directory, hands it to `body`, ends it, and removes what it stored.
  func withServer<Result>(_ body: (ServerProcess) throws -> Result) throws -> Result {
    try Workspace.use(in: directory) { path in
      let options = ["--durability", durability.rawValue]
      let server = try ServerProcess(executable, directory: path, options: options)
      return try Interrupt.guarded(undo: { server.stop() }) { try body(server) }
    }
  }
}
