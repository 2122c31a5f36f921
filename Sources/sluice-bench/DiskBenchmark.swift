import ArgumentParser
import Basics
import NIOCore
import UploadCore
import UploadProtocol
import UploadStorage

/// What the store adds to the disk: files from memory through the store, and through bare loops, into one directory.
struct DiskBenchmark: Benchmark {
  static let name = "disk"
  static let configuration = CommandConfiguration(
    commandName: name,
    abstract: "The disk engine, fed from memory, against bare loops of system calls."
  )

  enum Engine: String, CaseIterable {
    /// The store at `--durability full`.
    case sluice
    /// The same with `--digest sha256`.
    case digest
    /// `fallocate`, `pwrite` with O_DIRECT, `fsync`.
    case direct
    /// `write`, `fsync`.
    case buffered
  }

  /// Small files are written until there are this many bytes of them, or this many files.
  private static let enoughBytes = 64 << 20
  private static let enoughFiles = 64

  @OptionGroup var common: BenchOptions
  @Option(help: "On the disk to be measured.")
  var dir = "."
  @Option(help: "Sizes of the files. (default: 64KiB,1MiB,64MiB,1GiB)", transform: BenchValue.sizes)
  var sizes: [Int] = [64 << 10, 1 << 20, 64 << 20, 1 << 30]
  @Option(help: "Some of sluice, digest, direct, buffered. (default: all)", transform: BenchValue.choices)
  var engines: [Engine] = Engine.allCases

  func run(rounds: Int) throws -> Report {
    let source = DiskSource()
    let subjects = sizes.flatMap { size in
      engines.map { engine in
        Subject(labels: [engine.rawValue, ByteSize.text(UInt64(size))]) { try measure(engine, source, size) }
      }
    }
    var report = Report(
      name: Self.name,
      labels: ["engine", "size"],
      columns: [
        Report.Column(title: "GB/s", key: "gigabytesPerSecond", digits: 2),
        Report.Column(title: "CPU s/GB", key: "processorSecondsPerGigabyte", digits: 3),
        Report.Column(title: "page cache MiB", key: "pageCacheMebibytes", digits: 1),
      ],
      rows: try Subject.medians(of: subjects, rounds: rounds),
      notes: [
        "Every file is synced. sluice and digest give it a name and sync the directory as well; direct and buffered do not.",
        "CPU is this process's; what the kernel's own threads do for buffered files later is not in it.",
      ]
    )
    if engines.contains(.direct) {
      let ratio = Report.Column(title: "of direct", key: "ratioToDirect", digits: 2)
      report.addRatio(of: 0, to: Engine.direct.rawValue, ratio)
    }
    return report
  }

  private func measure(_ engine: Engine, _ source: DiskSource, _ size: Int) throws -> [Double?] {
    let files = min(Self.enoughFiles, max(1, Self.enoughBytes / size))
    return try Workspace.use(in: dir) { path in
      let write = try writer(engine, source, path)
      let (elapsed, growth) = try PageCache.growth {
        try Elapsed.measure {
          for number in 0..<files { try write.write(size: size, name: "file\(number)") }
        }.elapsed
      }
      let gigabytes = Double(files * size) / 1e9
      return [gigabytes / elapsed.seconds, elapsed.processorSeconds / gigabytes, Double(growth) / 1_048_576]
    }
  }

  private func writer(_ engine: Engine, _ source: DiskSource, _ path: String) throws -> any FileWriter {
    switch engine {
    case .sluice: try StoreWriter(directory: path, source: source, algorithms: [])
    case .digest: try StoreWriter(directory: path, source: source, algorithms: [.sha256])
    case .direct: BareWriter(directory: path, source: source, direct: true)
    case .buffered: BareWriter(directory: path, source: source, direct: false)
    }
  }
}

/// The bytes that files are written of, the same ones again and again: random, in memory, aligned as O_DIRECT asks.
///
/// Unchecked, because nothing changes after the start.
final class DiskSource: @unchecked Sendable {
  /// Bytes handed over at once.
  static let pieceSize = 1 << 20
  /// Enough for any disk that is in use.
  private static let alignment = 4096

  /// One piece, for system calls.
  let bytes: UnsafeRawBufferPointer
  /// The same, for the store.
  let buffer: ByteBuffer

  init() {
    let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: Self.pieceSize, alignment: Self.alignment)
    var noise = SplitMix64(seed: 2)
    noise.fill(memory)
    bytes = UnsafeRawBufferPointer(memory)
    buffer = ByteBuffer(bytes: bytes)
  }

  deinit {
    bytes.deallocate()
  }
}

/// Writes files of ``DiskSource``'s bytes into one directory.
protocol FileWriter {
  /// Writes a file of `size` bytes and waits until it is synced.
  /// - Throws: ``UploadError``.
  func write(size: Int, name: String) throws
}
