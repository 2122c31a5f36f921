import Foundation
import Glibc
import Synchronization
import UploadCore

/// The system's page cache, of which a server that keeps its promise takes next to nothing.
enum PageCache {
  /// Between two looks, in microseconds.
  private static let interval: UInt32 = 20_000

  /// Runs `body` and watches the cache meanwhile.
  ///
  /// The file that is sent is in the cache already and stays, and nothing is removed in `body`, so what is gained is what
  /// the written files take. Other programs on the machine count as well: keep it quiet.
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
