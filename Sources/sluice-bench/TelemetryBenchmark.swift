import ArgumentParser
import Basics
import NIOCore
import NIOPosix
import UploadCore
import UploadStorage

/// What it costs to look: a snapshot of all uploads, as every renderer takes it ten times a second.
struct TelemetryBenchmark: Benchmark {
  static let name = "telemetry"
  static let configuration = CommandConfiguration(
    commandName: name,
    abstract: "A snapshot of many uploads with rates and resident bytes, and the rates alone."
  )

  /// As often as this together, so that few uploads are sampled more often.
  private static let enoughSamples = 200_000
  private static let mostSamples = 2000
  private static let samplesPerSecond = 10

  @OptionGroup var common: BenchOptions
  @Option(help: "Where the uploads' unfinished files are.")
  var dir = "."
  @Option(help: "How many uploads run. (default: 1,100,1000)", transform: BenchValue.numbers(in: 1...4000))
  var uploads: [Int] = [1, 100, 1000]

  func run(rounds: Int) throws -> Report {
    let subjects = uploads.flatMap { count in
      [
        Subject(labels: ["snapshot", String(count)]) { try measureSnapshots(count) },
        Subject(labels: ["rates alone", String(count)]) { Self.measureRates(count) },
      ]
    }
    return Report(
      name: Self.name,
      labels: ["what", "uploads"],
      columns: [
        Report.Column(title: "us", key: "microseconds", digits: 1),
        Report.Column(title: "us/upload", key: "microsecondsPerUpload", digits: 3),
        Report.Column(title: "% of a core at 10/s", key: "processorPercent", digits: 3),
        Report.Column(title: "resident MiB", key: "residentMebibytes", digits: 1),
      ],
      rows: try Subject.medians(of: subjects, rounds: rounds),
      notes: ["Every upload holds 60 KiB in the store; resident is the sum of what the snapshot says of them."]
    )
  }

  private func measureSnapshots(_ count: Int) throws -> [Double?] {
    try Workspace.use(in: dir) { path in
      let held = try HeldUploads(count, directory: path)
      defer { held.end() }
      var sampler = Sampler(ledger: held.ledger, stallAfter: .seconds(5), slabUse: held.slabUse)
      var snapshot = sampler.sample()
      let seconds = Self.mean(count) { now in
        for meter in held.meters { meter.addReceived(1000) }
        return Elapsed.measure { snapshot = sampler.sample(at: now) }.elapsed
      }
      guard snapshot.uploads.count == count else {
        throw UploadError(.internalFailure, "The snapshot has \(snapshot.uploads.count) uploads instead of \(count).")
      }
      let resident = snapshot.uploads.reduce(0) { $0 + $1.residentBytes }
      return Self.numbers(seconds, count) + [Double(resident) / 1_048_576]
    }
  }

  private static func measureRates(_ count: Int) -> [Double?] {
    var rates = Array(repeating: RateEstimator(startedAt: .now), count: count)
    var bytes: UInt64 = 0
    let seconds = mean(count) { now in
      bytes += 1000
      return Elapsed.measure { for index in rates.indices { rates[index].sample(bytes, at: now) } }.elapsed
    }
    return numbers(seconds, count) + [nil]
  }

  /// Takes samples, each a tenth of a second after the other by the clock that they are shown.
  /// - Returns: seconds for one.
  private static func mean(_ count: Int, _ sample: (ContinuousClock.Instant) -> Elapsed) -> Double {
    let start = ContinuousClock.now
    let samples = min(mostSamples, max(1, enoughSamples / count))
    var seconds = 0.0
    for number in 1...samples {
      seconds += sample(start + .milliseconds(1000 / samplesPerSecond * number)).seconds
    }
    return seconds / Double(samples)
  }

  private static func numbers(_ seconds: Double, _ count: Int) -> [Double?] {
    [seconds * 1e6, seconds * 1e6 / Double(count), seconds * Double(samplesPerSecond) * 100]
  }
}

/// Uploads in a store that have begun, hold memory, and get no further.
final class HeldUploads {
  /// What each has brought: less than the smallest slab, so that it is not written but kept.
  private static let held = 60 << 10

  let ledger = UploadLedger()
  let meters: [UploadMeter]
  /// The budget's reading.
  let slabUse: @Sendable () -> SlabUse
  private let sinks: NIOLoopBound<[any UploadSink]>
  private let eventLoops = MultiThreadedEventLoopGroup(numberOfThreads: 1)
  private let workers = WorkerPool(threads: WorkerPool.diskThreads)

  /// Does nothing with what the store reports.
  private final class IdleDelegate: UploadSinkDelegate {
    func sinkHasRoom() {}
    func sinkFailed(_ error: UploadError) {}
  }

  /// - Throws: ``UploadError`` with code `badDirectory`.
  init(_ count: Int, directory: String) throws {
    let budget = try MemoryBudget(limit: 1 << 30)
    let store = DiskStore(directory: try UploadDirectory(path: directory), budget: budget, workers: workers)
    let meters = (0..<count).map {
      UploadMeter(direction: .incoming, mode: .stream, name: "upload \($0)", size: 1 << 30, remote: "127.0.0.1:1")
    }
    let eventLoop = eventLoops.next()
    var noise = SplitMix64(seed: 5)
    let bytes = ByteBuffer(bytes: noise.bytes(Self.held))
    sinks = try eventLoop.submit {
      let sinks = meters.map { meter in
        let sink = store.begin(meter, hash: nil, condition: nil, on: eventLoop, delegate: IdleDelegate())
        sink.write(bytes)
        return sink
      }
      return NIOLoopBound(sinks, eventLoop: eventLoop)
    }.wait()
    for meter in meters { ledger.begin(meter) }
    self.meters = meters
    slabUse = { budget.use }
  }

  /// Gives everything back.
  func end() {
    let sinks = sinks
    try? eventLoops.next().submit { for sink in sinks.value { sink.abort() } }.wait()
    workers.shutDownAndWait()
    try? eventLoops.syncShutdownGracefully()
  }
}
