import NIOCore
import UploadCore

@testable import UploadStorage

/// A store that does what a test says. Unchecked, since handler and test share the one thread of an embedded channel.
final class ScriptedStore: UploadStore, @unchecked Sendable {
  let eventLoop: any EventLoop
  let directory: UploadDirectory
  private(set) var sinks: [ScriptedSink] = []
  /// What was required when each upload began.
  private(set) var conditions: [PublishCondition?] = []
  /// Names in the order in which they were given.
  private(set) var published: [[String]] = []
  private(set) var discarded: [String] = []
  /// Whether uploads have room from their beginning, or once a test gives it.
  var beginsWithRoom = true
  /// Whether seals succeed by themselves, at once.
  var sealsAtOnce = true
  /// Whether a seal under way fails within the abort, or ends later as if nothing had happened.
  var abortsAtOnce = true
  /// Whether names are given at once, or with ``finishPublishing()``.
  var publishesAtOnce = true
  /// Why nothing can be published; nil when it can.
  var publishFailure: UploadError?
  /// Whether the files take the place of others.
  var replaces = false
  private var publishing: [(EventLoopPromise<[StoredFile]>, [SealedUpload])] = []

  init(eventLoop: any EventLoop, directory: UploadDirectory) {
    self.eventLoop = eventLoop
    self.directory = directory
  }

  /// The newest.
  var sink: ScriptedSink? { sinks.last }

  func begin(
    _ meter: UploadMeter,
    hash: (any ContentHash)?,
    condition: PublishCondition?,
    on eventLoop: any EventLoop,
    delegate: any UploadSinkDelegate
  ) -> any UploadSink {
    let sink = ScriptedSink(meter, hash, self, delegate)
    sink.hasRoom = beginsWithRoom
    sinks.append(sink)
    conditions.append(condition)
    return sink
  }

  func publish(_ uploads: [SealedUpload], on eventLoop: any EventLoop) -> EventLoopFuture<[StoredFile]> {
    let promise = eventLoop.makePromise(of: [StoredFile].self)
    publishing.append((promise, uploads))
    if publishesAtOnce { finishPublishing() }
    return promise.futureResult
  }

  func finishPublishing() {
    let waiting = publishing
    publishing = []
    for (promise, uploads) in waiting {
      if let publishFailure {
        promise.fail(publishFailure)
      } else {
        published.append(uploads.map(\.name.description))
        promise.succeed(uploads.map(file))
      }
    }
  }

  private func file(_ upload: SealedUpload) -> StoredFile {
    let size = sinks.first { $0.meter === upload.meter }?.bytes.count ?? 0
    return StoredFile(
      name: upload.name.bytes,
      size: UInt64(size),
      type: upload.type,
      modified: 0,
      replaced: replaces,
      digests: upload.digests
    )
  }

  func discard(_ uploads: [SealedUpload]) {
    discarded += uploads.map(\.name.description)
  }
}
