import Glibc
import UploadCore

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
