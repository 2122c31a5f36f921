import ArgumentParser
import Basics
import Glibc
import NIOCore
import UploadCore
import UploadStorage

/// Measures how long a snapshot of all uploads takes, also as a share of a core at ten snapshots per second, the
/// highest rate.
struct TelemetryBenchmark: Benchmark {
  static let name = "telemetry"
  static let abstract = "A snapshot of many uploads with rates and resident bytes, and the rates alone."

  /// Samples of uploads per measurement, so that few uploads are sampled more often.
  private static let enoughSamples = 200_000
  private static let mostSamples = 2000
  private static let samplesPerSecond = 10

  @OptionGroup var common: BenchOptions
  @Option(help: "Directory for partial files of the uploads.")
  var dir = "."
  @Option(help: "Numbers of running uploads. (default: 1,100,1000)", transform: Parse.list(Parse.number(in: 1...4000)))
  var uploads: [Int] = [1, 100, 1000]

  func run(rounds: Int) throws -> Report {
    let subjects = uploads.flatMap { count in
      [
        Subject(labels: ["snapshot", String(count)]) { try measureSnapshots(count) },
        Subject(labels: ["rates alone", String(count)]) { Self.measureRates(count) },
        Subject(labels: ["2 phase changes", String(count)]) { Self.measurePhases(count) },
        Subject(labels: ["link reading", String(count)]) { try Self.measureLinks(count) },
      ]
    }
    return Report(
      labels: ["what", "uploads"],
      columns: [
        Report.Column(title: "us", key: "microseconds", digits: 1),
        Report.Column(title: "us/upload", key: "microsecondsPerUpload", digits: 3),
        Report.Column(title: "% of a core at 10/s", key: "processorPercent", digits: 3),
        Report.Column(title: "resident MiB", key: "residentMebibytes", digits: 1),
      ],
      rows: try Subject.medians(of: subjects, rounds: rounds),
      notes: [
        "Every upload has 60 KiB in memory; resident is the sum that the snapshot reports.",
        "The phase changes twice for a chunk under a rate limit, and hardly ever otherwise. The kernel is asked about a "
          + "connection once per second.",
      ]
    )
  }

  private func measureSnapshots(_ count: Int) throws -> [Double?] {
    try Workspace.use(in: dir) { path in
      let uploads = try PausedUploads(count, directory: path)
      defer { uploads.end() }
      let budget = uploads.store.budget
      var sampler = Sampler(ledger: uploads.ledger, stallAfter: .seconds(5), slabUse: { budget.use })
      var snapshot = sampler.sample()
      let numbers = Self.measure(count) { now in
        for meter in uploads.meters { meter.addReceived(1000) }
        return ContinuousClock().measure { snapshot = sampler.sample(at: now) }
      }
      guard snapshot.uploads.count == count else {
        throw UploadError(.internalFailure, "The snapshot has \(snapshot.uploads.count) uploads instead of \(count).")
      }
      let resident = snapshot.uploads.reduce(0) { $0 + $1.residentBytes }
      return numbers + [Double(resident) / 1_048_576]
    }
  }

  private static func measureRates(_ count: Int) -> [Double?] {
    var rates = Array(repeating: RateEstimator(startedAt: .now), count: count)
    var bytes: UInt64 = 0
    let numbers = measure(count) { now in
      bytes += 1000
      return ContinuousClock().measure { for index in rates.indices { rates[index].sample(bytes, at: now) } }
    }
    return numbers + [nil]
  }

  /// Two changes of the phase of each upload.
  private static func measurePhases(_ count: Int) -> [Double?] {
    let meters = (0..<count).map {
      UploadMeter(direction: .incoming, mode: .stream, name: "upload \($0)", size: nil, remote: "127.0.0.1:1")
    }
    let numbers = measure(count) { _ in
      ContinuousClock().measure {
        for meter in meters {
          meter.phase = .limit
          meter.phase = .peer
        }
      }
    }
    return numbers + [nil]
  }

  /// A reading of the connection of each upload, and the division of the time since the last one.
  private static func measureLinks(_ count: Int) throws -> [Double?] {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    defer { close(descriptor) }
    guard var last = LinkReading(descriptor: descriptor) else {
      throw UploadError(.internalFailure, "TCP_INFO is not available.")
    }
    let meter = UploadMeter(direction: .outgoing, mode: .stream, name: "upload", size: nil, remote: "127.0.0.1:1")
    meter.phase = .peer
    var load = ThreadLoad(at: .now)
    let numbers = measure(count) { _ in
      ContinuousClock().measure {
        for _ in 0..<count {
          let now = ContinuousClock.now
          guard let reading = LinkReading(descriptor: descriptor) else { return }
          let busy = LinkTimes.Load(busy: load.take(at: now), uploads: count)
          meter.dividePeerTime(at: now) { LinkTimes.outgoing($0, of: .file, from: last, to: reading, load: busy) }
          last = reading
        }
      }
    }
    return numbers + [nil]
  }

  /// Takes samples of `count` uploads; `sample` gets times that are a tenth of a second apart.
  /// - Returns: the first three columns, of the mean time of a sample.
  private static func measure(_ count: Int, _ sample: (ContinuousClock.Instant) -> Duration) -> [Double?] {
    let start = ContinuousClock.now
    let samples = min(mostSamples, max(1, enoughSamples / count))
    let seconds = (1...samples).map { sample(start + .milliseconds(1000 / samplesPerSecond * $0)).inSeconds }
    let mean = seconds.reduce(0, +) / Double(samples)
    return [mean * 1e6, mean * 1e6 / Double(count), mean * Double(samplesPerSecond) * 100]
  }
}

/// Uploads in a store that have started and have bytes in memory. The store receives no further bytes of them.
final class PausedUploads {
  /// Bytes received of each upload: less than the smallest slab, so that they stay in memory.
  private static let received = 60 << 10

  let ledger = UploadLedger()
  let meters: [UploadMeter]
  let store: BenchStore
  private let sinks: NIOLoopBound<[any UploadSink]>

  /// Ignores what the store reports.
  private final class IdleDelegate: UploadSinkDelegate {
    func sinkHasRoom() {}
    func sinkFailed(_ error: UploadError) {}
  }

  /// Begins `count` uploads in a store, and on the ledger.
  /// - Throws: ``UploadError`` with code `badDirectory`.
  init(_ count: Int, directory: String) throws {
    meters = (0..<count).map {
      UploadMeter(direction: .incoming, mode: .stream, name: "upload \($0)", size: 1 << 30, remote: "127.0.0.1:1")
    }
    store = try BenchStore(directory: directory, limit: 1 << 30)
    let (started, disk, eventLoop) = (meters, store.store, store.eventLoop)
    let bytes = ByteBuffer(bytes: SplitMix64.bytes(Self.received, seed: 5))
    sinks = try eventLoop.submit {
      let sinks = started.map { meter in
        let sink = disk.begin(meter, hash: nil, condition: nil, on: eventLoop, delegate: IdleDelegate())
        sink.write(bytes)
        return sink
      }
      return NIOLoopBound(sinks, eventLoop: eventLoop)
    }.wait()
    for meter in started { ledger.begin(meter) }
  }

  /// Aborts the uploads, which discards their files; call it in the end.
  func end() {
    let sinks = sinks
    try? store.eventLoop.submit { for sink in sinks.value { sink.abort() } }.wait()
  }
}
