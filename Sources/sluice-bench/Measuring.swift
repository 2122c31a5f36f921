import Foundation
import Glibc
import Synchronization
import UploadCore

/// One thing to be measured, in turn with others.
struct Subject {
  /// What tells it apart, by the report's labels.
  let labels: [String]
  /// Measures once: numbers by the report's columns, nil where there is none.
  let measure: () throws -> [Double?]

  /// Measures all of them one after the other, `rounds` times over, so that what slows the machine for a while falls on
  /// all alike. Says on standard error where it stands.
  /// - Returns: the median of each number.
  static func medians(of subjects: [Subject], rounds: Int) throws -> [Report.Row] {
    var samples = subjects.map { _ in [[Double?]]() }
    for round in 0..<rounds {
      for (index, subject) in subjects.enumerated() {
        StandardError.line("round \(round + 1) of \(rounds): \(subject.labels.joined(separator: ", "))")
        samples[index].append(try subject.measure())
      }
    }
    return zip(subjects, samples).map { subject, samples in
      Report.Row(labels: subject.labels, numbers: medians(of: samples))
    }
  }

  /// The median of each column; rounds without a number do not count.
  static func medians(of samples: [[Double?]]) -> [Double?] {
    guard let first = samples.first else { return [] }
    return first.indices.map { column in samples.compactMap { $0[column] }.median }
  }
}

/// What something took.
struct Elapsed {
  /// By the clock on the wall.
  let seconds: Double
  /// Of this process on all processors, user and system. Kernel threads that write in its place are not in it.
  let processorSeconds: Double

  /// Runs `body` and takes its time.
  static func measure<Result>(_ body: () throws -> Result) rethrows -> (result: Result, elapsed: Elapsed) {
    let start = ContinuousClock.now
    let processorStart = clock()
    let result = try body()
    // In millionths of a second whatever the system (POSIX, CLOCKS_PER_SEC).
    let processorSeconds = Double(clock() - processorStart) / 1e6
    return (result, Elapsed(seconds: (ContinuousClock.now - start).inSeconds, processorSeconds: processorSeconds))
  }
}

/// The system's page cache, of which a server that keeps its promise takes next to nothing.
enum PageCache {
  /// Between two looks, in microseconds.
  private static let interval: UInt32 = 20_000

  /// Runs `body` and watches the cache meanwhile.
  ///
  /// Nothing is removed in `body`, so what is gained is what the written files take. Other programs on the machine count
  /// as well: keep it quiet.
  /// - Returns: how much larger than at the start it was at the most, in bytes.
  static func growth<Result>(during body: () throws -> Result) rethrows -> (result: Result, growth: UInt64) {
    let start = size
    let watch = Watch()
    Thread.detachNewThread { watch.run() }
    defer { watch.stop() }
    let result = try body()
    let peak = max(watch.stop(), size)
    return (result, peak > start ? peak - start : 0)
  }

  /// `Cached` of `/proc/meminfo`, in bytes.
  private static var size: UInt64 {
    (ProcFile.kibibytes(of: "Cached", in: "/proc/meminfo") ?? 0) * 1024
  }

  private final class Watch: Sendable {
    private let peak = Atomic<UInt64>(0)
    private let isOver = Atomic<Bool>(false)

    func run() {
      while !isOver.load(ordering: .relaxed) {
        peak.max(size, ordering: .relaxed)
        usleep(interval)
      }
    }

    /// Ends the watch; the largest size seen, in bytes.
    @discardableResult
    func stop() -> UInt64 {
      isOver.store(true, ordering: .relaxed)
      return peak.load(ordering: .relaxed)
    }
  }
}

/// Threads of their own for what blocks.
enum Threads {
  private final class Record: Sendable {
    let failure = Mutex<(any Error)?>(nil)
    let ended: DispatchGroup = DispatchGroup()
  }

  /// Runs `body` on `count` threads at once, each with its number from 0, and waits for all of them.
  /// - Throws: the first error that one of them threw; the others run to their ends.
  static func run(_ count: Int, _ body: @escaping @Sendable (Int) throws -> Void) throws {
    let record = Record()
    for number in 0..<count {
      record.ended.enter()
      Thread.detachNewThread {
        do {
          try body(number)
        } catch {
          record.failure.withLock { $0 = $0 ?? error }
        }
        record.ended.leave()
      }
    }
    record.ended.wait()
    if let failure = record.failure.withLock({ $0 }) { throw failure }
  }
}
