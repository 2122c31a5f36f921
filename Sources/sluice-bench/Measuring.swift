import Basics
import Foundation
import Glibc
import Synchronization
import UploadCore

/// One thing that is measured: a row of the report.
struct Subject {
  /// The row's labels, one for each of ``Report/labels``, in their order.
  let labels: [String]
  /// Measures once.
  /// - Returns: a number for each of the report's measured columns, in their order; nil where there is none.
  /// - Throws: when the measurement failed, which ends the benchmark.
  let measure: () throws -> [Double?]

  /// Measures all subjects in turn, `rounds` times, so that a temporary load of the machine affects all of them.
  /// Reports the progress on standard error.
  /// - Parameter rounds: at least 1.
  /// - Returns: a row of medians for each subject, in their order.
  /// - Throws: the first error of a measurement.
  static func medians(of subjects: [Subject], rounds: Int) throws -> [Report.Row] {
    var samples = subjects.map { _ in [[Double?]]() }
    for round in 0..<rounds {
      for (index, subject) in subjects.enumerated() {
        writeAll("round \(round + 1) of \(rounds): \(subject.labels.joined(separator: ", "))\n", to: STDERR_FILENO)
        samples[index].append(try subject.measure())
      }
    }
    return zip(subjects, samples).map { Report.Row(labels: $0.labels, numbers: medians(of: $1)) }
  }

  /// The median of each column; rounds without a number do not count.
  /// - Parameter samples: the numbers of each round, by column.
  /// - Returns: nil for a column without any number; empty when there was no round.
  static func medians(of samples: [[Double?]]) -> [Double?] {
    guard let first = samples.first else { return [] }
    return first.indices.map { column in samples.compactMap { $0[column] }.median }
  }
}

/// The system's page cache.
enum PageCache {
  /// Runs `body` and meanwhile reads the size of the cache every 20 ms.
  ///
  /// As `body` removes nothing, the growth is the space that its files occupy. Files of other programs count as well,
  /// so the machine must be idle.
  /// - Returns: the largest growth since the start, in bytes.
  static func growth<Result>(during body: () throws -> Result) rethrows -> (result: Result, growth: UInt64) {
    let (start, watch) = (size, Watch())
    Thread.detachNewThread {
      while !watch.isOver.load(ordering: .relaxed) {
        watch.peak.max(size, ordering: .relaxed)
        usleep(20_000)
      }
    }
    defer { watch.isOver.store(true, ordering: .relaxed) }
    let result = try body()
    let peak = max(watch.peak.load(ordering: .relaxed), size)
    return (result, max(peak, start) - start)
  }

  /// `Cached` of `/proc/meminfo`, in bytes.
  private static var size: UInt64 { (ProcFile.kibibytes(of: "Cached", in: "/proc/meminfo") ?? 0) * 1024 }

  private final class Watch: Sendable {
    let peak = Atomic<UInt64>(0)
    let isOver = Atomic<Bool>(false)
  }
}

/// Threads for blocking calls.
enum Threads {
  private final class Record: Sendable {
    let results = Mutex<[Result<Void, any Error>]>([])
    let ended = DispatchGroup()
  }

  /// Runs `body` on `count` new threads, each with its number from 0, and blocks until all have ended.
  /// - Throws: the first error that a thread threw; the others are not interrupted.
  static func run(_ count: Int, _ body: @escaping @Sendable (Int) throws -> Void) throws {
    let record = Record()
    for number in 0..<count {
      record.ended.enter()
      Thread.detachNewThread {
        let result = Result { try body(number) }
        record.results.withLock { $0.append(result) }
        record.ended.leave()
      }
    }
    record.ended.wait()
    for result in record.results.withLock({ $0 }) { try result.get() }
  }
}
