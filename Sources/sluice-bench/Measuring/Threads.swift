import Foundation
import Synchronization

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
