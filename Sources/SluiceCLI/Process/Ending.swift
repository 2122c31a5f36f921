import Glibc
import Synchronization

/// How a command's work tells the waiting main thread that it is over.
final class Ending: Sendable {
  /// Becomes readable at the end.
  let readDescriptor: Int32
  private let writeDescriptor: Int32
  private let result = Atomic<Int32>(1)

  init() {
    var ends: [Int32] = [-1, -1]
    pipe(&ends)
    (readDescriptor, writeDescriptor) = (ends[0], ends[1])
  }

  /// The status given at the end.
  var status: Int32 { result.load(ordering: .acquiring) }

  func end(with status: Int32) {
    result.store(status, ordering: .releasing)
    close(writeDescriptor)
  }
}
