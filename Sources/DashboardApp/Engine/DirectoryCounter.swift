import Dashboard
import Synchronization
import UploadClient
import UploadCore

/// Counts what a directory contains that would be sent with it, by the same walk. Blocks, on a large or a network file
/// system for long: call it on a thread that can wait.
struct DirectoryCounter: Sendable {
  /// Counting ends after so many entries, which takes seconds: a larger number would not tell the user more.
  static let usualLimit: UInt64 = 1_000_000

  private static let batch = 256

  var limit = usualLimit

  /// - Parameters:
  ///   - path: of the directory, absolute or relative.
  ///   - isStopped: asked now and then; true ends counting.
  func count(_ path: String, isStopped: () -> Bool = { false }) -> DirectoryCount {
    var count = DirectoryCount(path: path)
    let walker = TreeWalker([.directory(path)], rules: TreeRules())
    var seen: UInt64 = 0
    while true {
      if isStopped() {
        count.isStopped = true
        return count
      }
      let entries = walker.next(atMost: Self.batch)
      if entries.isEmpty { return count }
      for entry in entries { Self.add(entry, to: &count) }
      seen += UInt64(entries.count)
      if seen >= limit {
        count.isPartial = true
        return count
      }
    }
  }

  private static func add(_ entry: TreeEntry, to count: inout DirectoryCount) {
    switch entry {
    case .file(let source):
      count.files += 1
      count.bytes = count.bytes.addingReportingOverflow(source.size ?? 0).partialValue
    case .emptyDirectory: break
    case .skipped: count.skipped += 1
    case .failed(let path, let error) where path == count.path: count.problem = error.message
    case .failed: count.unreadable += 1
    }
  }
}

/// Tells counts that they are not wanted any more. Usable from any thread.
final class CountStop: Sendable {
  /// Grows when all counts so far are to be stopped.
  private let generation = Atomic<Int>(0)

  /// To be passed to ``isStopped(since:)``.
  var current: Int { generation.load(ordering: .relaxed) }

  func stop() { generation.add(1, ordering: .relaxed) }

  /// Whether ``stop()`` was called since.
  func isStopped(since earlier: Int) -> Bool { current != earlier }
}
