import NIOCore
import Synchronization
import UploadCore

/// The sources that were given to a ``SmallFileSender``: bounds their number and their bytes, and makes the producer wait
/// beyond that. Usable from any thread.
final class SmallFileInbox: Sendable {
  private struct State {
    var sources: [UploadSource] = []
    /// Files larger than expected, for the producer.
    var large: [UploadSource] = []
    /// How many sources have not ended, and their bytes.
    var count = 0
    var bytes: UInt64 = 0
    var isStopped = false
    /// Whether the event loop will call ``take()``.
    var isAnnounced = false
    /// What the producer waits for: room, or the end of all.
    var room: EventLoopPromise<Void>?
    var end: EventLoopPromise<Void>?

    var isFull: Bool { count >= SmallFileInbox.countLimit || bytes >= SmallFileInbox.bytesLimit }

    /// Whether a producer that waits continues: only once there is room for many, so that it is not woken for each.
    var hasMuchRoom: Bool {
      count <= SmallFileInbox.countLimit / 4 * 3 && bytes <= SmallFileInbox.bytesLimit / 4 * 3
    }
  }

  /// Enough for 16 connections with ``PipelineConduct/farDepth`` requests outstanding each, and some that are read meanwhile.
  private static let countLimit = 16 * PipelineConduct.farDepth + 512
  private static let bytesLimit: UInt64 = 16 << 20

  private let loop: any EventLoop
  private let state = Mutex(State())

  init(_ loop: any EventLoop) { self.loop = loop }

  /// Whether no further sources are accepted.
  var isStopped: Bool { state.withLock { $0.isStopped } }

  /// Whether every source has ended.
  var isEmpty: Bool { state.withLock { $0.count == 0 } }

  /// Adds a source, and waits while there are too many.
  /// - Parameter announce: called on the event loop when there is something to ``take()``.
  func add(_ source: UploadSource, announce: @escaping @Sendable () -> Void) async {
    let (isNews, room) = state.withLock { state -> (Bool, EventLoopFuture<Void>?) in
      state.sources.append(source)
      state.count += 1
      state.bytes += source.size ?? 0
      let isNews = !state.isAnnounced
      state.isAnnounced = true
      guard state.isFull else { return (isNews, nil) }
      let promise = state.room ?? loop.makePromise()
      state.room = promise
      return (isNews, promise.futureResult)
    }
    if isNews { loop.execute(announce) }
    // It is only completed with success.
    try? await room?.get()
  }

  /// The sources that were added since the last call.
  func take() -> [UploadSource] {
    state.withLock { state in
      state.isAnnounced = false
      defer { state.sources = [] }
      return state.sources
    }
  }

  /// These sources have ended.
  /// - Parameter large: those that the producer has to send the usual way.
  func release(_ sources: [UploadSource], large: [UploadSource] = []) {
    let waiting = state.withLock { state -> [EventLoopPromise<Void>] in
      state.count -= sources.count + large.count
      for source in sources + large { state.bytes -= source.size ?? 0 }
      state.large += large
      var waiting: [EventLoopPromise<Void>] = []
      if state.hasMuchRoom, let room = state.room {
        state.room = nil
        waiting.append(room)
      }
      if state.count == 0, let end = state.end {
        state.end = nil
        waiting.append(end)
      }
      return waiting
    }
    for promise in waiting { promise.succeed() }
  }

  /// Removes and returns the files that have to be sent the usual way.
  func takeLarge() -> [UploadSource] {
    state.withLock { state in
      defer { state.large = [] }
      return state.large
    }
  }

  /// Waits until every source has ended.
  func untilEmpty() async {
    let end = state.withLock { state -> EventLoopFuture<Void>? in
      guard state.count > 0 else { return nil }
      let promise = state.end ?? loop.makePromise()
      state.end = promise
      return promise.futureResult
    }
    try? await end?.get()
  }

  func stop() { state.withLock { $0.isStopped = true } }
}
