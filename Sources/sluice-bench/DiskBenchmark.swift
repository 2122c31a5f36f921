import ArgumentParser
import Glibc
import UploadCore
import UploadProtocol

/// Measures what the store costs: it writes files from memory through the store, and with plain loops of system calls.
struct DiskBenchmark: Benchmark {
  static let name = "disk"
  static let abstract = "The disk engine, fed from memory, against plain loops of system calls."

  enum Engine: String, CaseIterable {
    /// Sluice's store, as with `--durability full`.
    case sluice
    /// Sluice's store, as with `--durability full --digest sha256`.
    case digest
    /// System calls: `posix_fallocate`, `pwrite` with O_DIRECT, `fsync`.
    case direct
    /// System calls: `pwrite` through the page cache, `fsync`.
    case buffered
  }

  /// Small files are written until there are this many bytes, or this many files.
  private static let enoughBytes = 64 << 20
  private static let enoughFiles = 64

  @OptionGroup var common: BenchOptions
  @Option(help: "Directory on the disk to measure.")
  var dir = "."
  @Option(help: "Sizes of the files. (default: 64KiB,1MiB,64MiB,1GiB)", transform: Parse.list(Parse.size))
  var sizes: [Int] = [64 << 10, 1 << 20, 64 << 20, 1 << 30]
  @Option(help: "Engines out of sluice, digest, direct, buffered. (default: all)", transform: Parse.list(Parse.choice))
  var engines: [Engine] = Engine.allCases

  func run(rounds: Int) throws -> Report {
    let source = DiskSource()
    let subjects = sizes.flatMap { size in
      engines.map { engine in
        Subject(labels: [engine.rawValue, ByteSize.text(UInt64(size))]) { try measure(engine, source, size) }
      }
    }
    var report = Report(
      labels: ["engine", "size"],
      columns: [
        Report.Column(title: "GB/s", key: "gigabytesPerSecond", digits: 2),
        Report.Column(title: "CPU s/GB", key: "processorSecondsPerGigabyte", digits: 3),
        Report.Column(title: "page cache MiB", key: "pageCacheMebibytes", digits: 1),
      ],
      rows: try Subject.medians(of: subjects, rounds: rounds),
      notes: [
        "Every file is synced. sluice and digest also give it a name and sync the directory.",
        "CPU is that of this process, without kernel threads that write buffered files later.",
      ]
    )
    if engines.contains(.direct) {
      report.addRatio(of: 0, to: "direct", Report.Column(title: "of direct", key: "ratioToDirect", digits: 2))
    }
    return report
  }

  private func measure(_ engine: Engine, _ source: DiskSource, _ size: Int) throws -> [Double?] {
    let files = min(Self.enoughFiles, max(1, Self.enoughBytes / size))
    return try Workspace.use(in: dir) { path in
      let write = try writer(engine, source, path, size)
      let ((duration, processorTime), growth) = try PageCache.growth { () throws -> (Duration, clock_t) in
        let start = clock()
        let duration = try ContinuousClock().measure { for number in 0..<files { try write("file\(number)") } }
        return (duration, clock() - start)
      }
      let gigabytes = Double(files * size) / 1e9
      // In millionths of a second whatever the system (POSIX, CLOCKS_PER_SEC).
      let processorSeconds = Double(processorTime) / 1e6
      return [gigabytes / duration.inSeconds, processorSeconds / gigabytes, Double(growth) / 1_048_576]
    }
  }

  /// - Returns: writes and syncs one file of `size` bytes under a name.
  private func writer(_ engine: Engine, _ source: DiskSource, _ path: String, _ size: Int) throws
    -> (_ name: String) throws -> Void
  {
    switch engine {
    case .sluice, .digest:
      let store = try BenchStore(directory: path, limit: 256 << 20)
      let algorithms: Set<DigestAlgorithm> = engine == .digest ? [.sha256] : []
      return { try store.write(source.buffer, size: size, name: $0, algorithms: algorithms) }
    case .direct, .buffered:
      let directory = try BareDirectory(path: path)
      return { try directory.write(source, size: size, name: $0, direct: engine == .direct) }
    }
  }
}
