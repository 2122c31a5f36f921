import NIOCore
import Synchronization
package import UploadCore

extension Uploader {
  /// Sends sources as they arrive, in any number: small files several at a time on kept connections, the others as
  /// ``send(_:to:mode:id:group:onBegin:)`` does.
  ///
  /// Small are regular files of a known size up to ``SmallRequest/sizeLimit``, in the mode `stream`. Their requests are plain
  /// `PUT`s where the target has a URL for each (``SendTarget/hasPaths``), and wait for each other elsewhere. A failed upload
  /// does not delay or end the others; but when no server can be reached, or it rejects the access token, one upload (or the
  /// few that have begun) fails for all, and nothing more is sent. Memory is bounded for any number of sources: ended meters are not kept.
  ///
  /// When the task is cancelled, the uploads that have begun and are not complete end with ``UploadOutcome/cancelled``. The
  /// meters of sources that were only read ahead have not ended, then and when nothing more is sent; the ledger does not know
  /// them.
  /// - Parameters:
  ///   - sources: read ahead by at most some 5,000, of which the small files have 16 MiB.
  ///   - jobs: connections for small files, at most 16, and likewise other uploads at once. Nil to open as many connections
  ///     as the files need, and for 4 uploads.
  ///   - group: the tree that the sources belong to, stated in the requests; nil for none.
  ///   - onEnd: called on any thread once for each source that was read from `sources`, with its meter, which has
  ///     ended unless the source was not begun.
  /// - Returns: why not all sources were read, as one upload has failed with it; nil when they were, or the task was cancelled.
  @discardableResult
  package func sendEach<S: AsyncSequence & Sendable>(
    _ sources: S,
    to target: SendTarget,
    mode: UploadMode,
    jobs: Int?,
    group: UploadGroup?,
    onEnd: @escaping @Sendable (UploadSource, UploadMeter) -> Void
  ) async -> UploadError? where S.Element == UploadSource, S.Failure == Never {
    let large = LargeFileQueue()
    let small: SmallFileSender
    do throws(UploadError) {
      small = try await smallFileSender(target, jobs, group, onEnd) { large.stop(because: $0) }
    } catch {
      return error
    }
    let largeLimit = max(1, jobs ?? 4)
    return await withTaskCancellationHandler {
      await withTaskGroup(of: Void.self) { tasks in
        func sendLarge(_ source: UploadSource) async {
          if large.add(source, workers: largeLimit) {
            tasks.addTask {
              while let source = large.next() {
                guard !small.isStopped else {
                  onEnd(source, unsent(source, target))
                  continue
                }
                let meter = await self.send(source, to: target, mode: mode, group: group) { large.begun($0) }
                if let error = large.errorForAll(meter) { small.stop(error) }
                onEnd(source, meter)
              }
            }
          }
          // Removes the ended workers from the group, and waits for room.
          while large.mustWait() { await tasks.next() }
        }
        for await source in sources {
          guard !small.isStopped else {
            onEnd(source, unsent(source, target))
            break
          }
          if isSmall(source, mode) { await small.add(source) } else { await sendLarge(source) }
          for source in small.takeLarge() { await sendLarge(source) }
        }
        let reason = await small.finish()
        for source in small.takeLarge() { await sendLarge(source) }
        await tasks.waitForAll()
        return reason
      }
    } onCancel: {
      small.cancel()
    }
  }

  private func smallFileSender(
    _ target: SendTarget,
    _ jobs: Int?,
    _ group: UploadGroup?,
    _ onEnd: @escaping @Sendable (UploadSource, UploadMeter) -> Void,
    onStop: @escaping @Sendable (UploadError) -> Void
  ) async throws(UploadError) -> SmallFileSender {
    let connector = try await resources.connector(to: target)
    let template = try SmallRequest(target, connector: connector, group: group, configuration: resources.configuration)
    let setup = SmallFileSender.Setup(
      template: template,
      resources: resources,
      ledger: ledger,
      connector: connector,
      connectionLimit: min(max(1, jobs ?? 16), 16),
      onEnd: onEnd,
      onStop: onStop
    )
    return SmallFileSender(setup, loop: resources.eventLoopGroup.next())
  }

  /// Whether a source is sent with other small files on one connection.
  private func isSmall(_ source: UploadSource, _ mode: UploadMode) -> Bool {
    guard mode == .stream, let size = source.size else { return false }
    // Under a rate limit, larger ones are sent in chunks, so that the rate is smooth.
    let limit = resources.limiter.map { 16 * UInt64($0.chunkSize) } ?? .max
    return size <= min(limit, SmallRequest.sizeLimit) && size < resources.configuration.resume?.threshold ?? .max
  }

  /// The meter of a source that is not begun.
  private func unsent(_ source: UploadSource, _ target: SendTarget) -> UploadMeter {
    SmallUpload.meter(source, size: source.size, target)
  }
}

/// Sources that wait for one of a limited number of workers. Usable from any thread.
private final class LargeFileQueue: Sendable {
  private struct State {
    var sources: [UploadSource] = []
    /// Index of the next one in ``sources``.
    var position = 0
    var workers = 0
    /// Workers that have ended and were not noted by ``LargeFileQueue/mustWait()``.
    var ended = 0
    var rejections = RejectionStreak()
    /// Uploads in succession that have reached no server, each in all of its attempts.
    var unreachableCount = 0
    /// The uploads that have begun and not ended.
    var running: [UploadMeter] = []
    /// Whether those end, and every further one as it begins.
    var isStopped = false

    var count: Int { sources.count - position }
  }

  /// How many sources may wait.
  private static let limit = 1024
  /// After so many uploads in succession that have reached no server, the others would not either.
  private static let unreachableLimit = 3

  private let state = Mutex(State())

  /// Adds a source.
  /// - Returns: whether to start another worker.
  func add(_ source: UploadSource, workers: Int) -> Bool {
    state.withLock { state in
      state.sources.append(source)
      guard state.workers < workers else { return false }
      state.workers += 1
      return true
    }
  }

  /// The next source; nil when there is none, and the worker ends.
  func next() -> UploadSource? {
    state.withLock { state in
      guard state.count > 0 else {
        state.workers -= 1
        state.ended += 1
        return nil
      }
      let source = state.sources[state.position]
      state.position += 1
      if state.position >= Self.limit || state.count == 0 {
        state.sources.removeFirst(state.position)
        state.position = 0
      }
      return source
    }
  }

  /// Notes an upload that begins.
  func begun(_ meter: UploadMeter) {
    let isStopped = state.withLock { state in
      state.running.append(meter)
      return state.isStopped
    }
    if isStopped { meter.stop() }
  }

  /// Ends the uploads that have begun, where the server has rejected the access token: they would wait in vain, and each
  /// attempt counts as a wrong token.
  func stop(because error: UploadError) {
    guard let status = (error.cause as? ServerRejection)?.status, [401, 407].contains(status) else { return }
    let running = state.withLock { state in
      state.isStopped = true
      return state.running
    }
    for meter in running { meter.stop() }
  }

  /// Notes how an upload has ended.
  /// - Returns: its error, if no other upload can succeed.
  func errorForAll(_ meter: UploadMeter) -> UploadError? {
    state.withLock { state -> UploadError? in
      state.running.removeAll { $0 === meter }
      switch meter.ended?.outcome {
      case .failed(let error):
        let isUnreachable = [.connectionRefused, .unreachable, .untrustedServer].contains(error.code)
        state.unreachableCount = isUnreachable ? state.unreachableCount + 1 : 0
        let status = (error.cause as? ServerRejection)?.status
        let isRejected = status.map { state.rejections.note($0) } ?? false
        return isRejected || state.unreachableCount >= Self.unreachableLimit ? error : nil
      case .finished:
        state.unreachableCount = 0
        _ = state.rejections.note(200)
        return nil
      case .cancelled, nil: return nil
      }
    }
  }

  /// Whether to wait for the end of a worker: one has ended, or too many sources wait.
  func mustWait() -> Bool {
    state.withLock { state in
      if state.ended > 0 {
        state.ended -= 1
        return true
      }
      guard state.count >= Self.limit else { return false }
      // The worker that ends next.
      state.ended -= 1
      return true
    }
  }
}
