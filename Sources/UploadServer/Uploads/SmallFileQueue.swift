import NIOCore
import Synchronization
import UploadCore
import UploadStorage

/// Collects the small files that the connections of one event loop have received in one turn of it, and passes them to
/// the store together: one hop to a thread of the store and one back serve all of them. Loop-bound.
final class SmallFileQueue {
  /// Gets the results in the order of the files.
  typealias Completion = ([Result<StoredFile, any Error>]) -> Void

  private let store: any UploadStore
  private let eventLoop: any EventLoop
  private var waiting: [(files: [CompleteFile], completion: Completion)] = []

  fileprivate init(_ store: any UploadStore, _ eventLoop: any EventLoop) {
    (self.store, self.eventLoop) = (store, eventLoop)
  }

  /// Stores files at the end of the loop's turn.
  /// - Parameters:
  ///   - files: at least one.
  ///   - completion: called once, in a later turn.
  func add(_ files: [CompleteFile], completion: @escaping Completion) {
    waiting.append((files, completion))
    // Runs once all sockets that were readable in this turn have been read.
    if waiting.count == 1 { eventLoop.assumeIsolated().execute { self.flush() } }
  }

  private func flush() {
    let batches = NIOLoopBound(waiting, eventLoop: eventLoop)
    waiting = []
    store.store(batches.value.flatMap { $0.files }, on: eventLoop) { results in
      var rest = results[...]
      for batch in batches.value {
        batch.completion(Array(rest.prefix(batch.files.count)))
        rest = rest.dropFirst(batch.files.count)
      }
    }
  }
}

/// The ``SmallFileQueue`` of each event loop of a server. Callable on any thread.
final class SmallFileQueues: Sendable {
  private let store: any UploadStore
  private let queues = Mutex<[ObjectIdentifier: NIOLoopBound<SmallFileQueue>]>([:])

  init(_ store: any UploadStore) {
    self.store = store
  }

  /// The queue of an event loop. Call it on that loop.
  func queue(of eventLoop: any EventLoop) -> SmallFileQueue {
    queues.withLock { queues in
      if let queue = queues[ObjectIdentifier(eventLoop)] { return queue }
      let queue = NIOLoopBound(SmallFileQueue(store, eventLoop), eventLoop: eventLoop)
      queues[ObjectIdentifier(eventLoop)] = queue
      return queue
    }.value
  }
}
