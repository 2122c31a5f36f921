import Dashboard
import Synchronization
import UploadClient
import UploadCore

/// Counts what a directory contains that would be sent with it, by the same walk. Blocks, on a large or a network file
/// system for long: call it on a thread that can wait.
struct TreeCounter: Sendable {
  /// Counting ends after so many entries: it takes seconds, and the picture is clear by then.
  static let usualLimit: UInt64 = 1_000_000

  private static let batch = 256

  let paths: LocalPath
  var limit = usualLimit

  /// - Parameters:
  ///   - path: of the directory; absolute, relative, or beginning with `~/`.
  ///   - isStopped: asked now and then; true ends counting.
  func count(_ path: String, isStopped: () -> Bool = { false }) -> TreeCount {
    var count = TreeCount(path: path)
    let root = paths.absolute(path)
    let walker = TreeWalker([.directory(root)], rules: TreeRules())
    var seen: UInt64 = 0
    while true {
      if isStopped() {
        count.isStopped = true
        return count
      }
      let entries = walker.next(atMost: Self.batch)
      if entries.isEmpty { return count }
      for entry in entries { add(entry, to: &count, root: root) }
      seen += UInt64(entries.count)
      if seen >= limit {
        count.isPartial = true
        return count
      }
    }
  }

  private func add(_ entry: TreeEntry, to count: inout TreeCount, root: String) {
    switch entry {
    case .file(let source):
      count.files += 1
      count.bytes = count.bytes.addingReportingOverflow(source.size ?? 0).partialValue
    case .emptyDirectory: break
    case .skipped: count.skipped += 1
    case .failed(path: root, let error): count.problem = error.message
    case .failed: count.unreadable += 1
    }
  }
}

/// Counts directories one after another on a thread of their own, until they are stopped.
final class TreeCounting: Sendable {
  /// Grows when all counts so far are to be stopped.
  private let generation = Atomic<Int>(0)

  func stop() { generation.add(1, ordering: .relaxed) }

  /// Counts a directory as ``TreeCounter/count(_:isStopped:)``.
  /// - Parameter requested: ``current`` at the time of the request.
  func count(_ path: String, with counter: TreeCounter, requested: Int) -> TreeCount {
    counter.count(path) { self.current != requested }
  }

  var current: Int { generation.load(ordering: .relaxed) }
}
