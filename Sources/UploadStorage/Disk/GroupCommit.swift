import NIOCore
import Synchronization
import UploadCore

/// Finishes small files in groups: those that come while others are being synced go together next, so that however many
/// arrive, few syncs are under way. A single one waits for nobody.
final class GroupCommit: Sendable {
  private struct Member: Sendable {
    var file: FinishingFile
    var promise: EventLoopPromise<FinishingFile.Finished>
  }

  private struct State {
    var waiting = CircularBuffer<Member>()
    var groups = 0
  }

  /// Groups at once: one writes its files while another waits for the disk.
  private static let groupsAtOnce = 4
  /// The most files of a group: all are open at once.
  private static let largestGroup = 64

  private let directory: UploadDirectory
  private let workers: WorkerPool
  private let configuration: DiskStore.Configuration
  private let state = Mutex(State())

  init(directory: UploadDirectory, workers: WorkerPool, configuration: DiskStore.Configuration) {
    self.directory = directory
    self.workers = workers
    self.configuration = configuration
  }

  /// Finishes a file with the next group.
  func finish(_ file: FinishingFile, on eventLoop: any EventLoop) -> EventLoopFuture<FinishingFile.Finished> {
    let promise = eventLoop.makePromise(of: FinishingFile.Finished.self)
    let begins = state.withLock { state in
      state.waiting.append(Member(file: file, promise: promise))
      guard state.groups < Self.groupsAtOnce else { return false }
      state.groups += 1
      return true
    }
    if begins { workers.submit { self.work($0) } }
    return promise.futureResult
  }

  private func work(_ thread: WorkerPool.WorkState) {
    while let group = nextGroup() {
      guard thread == .active else {
        for member in group { member.promise.fail(CancellationError()) }
        continue
      }
      let results = directory.finish(group.map(\.file), configuration)
      for (member, result) in zip(group, results) { member.promise.completeWith(result) }
    }
  }

  /// Those that wait, up to a group of them; nil when there are none and the work ends.
  private func nextGroup() -> [Member]? {
    state.withLock { state in
      guard !state.waiting.isEmpty else {
        state.groups -= 1
        return nil
      }
      let group = Array(state.waiting.prefix(Self.largestGroup))
      state.waiting.removeFirst(group.count)
      return group
    }
  }
}
