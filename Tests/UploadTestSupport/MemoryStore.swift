package import NIOCore
package import UploadCore
package import UploadStorage

/// A store in memory, for tests that need no disk. By default every step succeeds at once; a test can delay a step or let it
/// fail. Names are given as they are requested: a later file of a name replaces an earlier one.
///
/// Unchecked, since handler and test share the one thread of an embedded channel.
package final class MemoryStore: UploadStore, @unchecked Sendable {
  package let eventLoop: any EventLoop
  /// The stored files' content, by name.
  package private(set) var files: [String: [UInt8]] = [:]
  /// Of all uploads, in the order in which they began.
  package private(set) var sinks: [MemorySink] = []
  /// What was required when each upload began.
  package private(set) var conditions: [PublishCondition?] = []
  /// The names of the files that were published, by request.
  package private(set) var published: [[String]] = []
  /// The names of staged files that were discarded.
  package private(set) var discarded: [String] = []
  /// Whether uploads have room when they begin, or only when a test says so.
  package var beginsWithRoom = true
  /// Whether files are staged at once, or with ``MemorySink/finishStaging()``.
  package var stagesAtOnce = true
  /// Whether an abort fails a file that is being staged, or leaves it to end later.
  package var abortsAtOnce = true
  /// Whether files are published at once, or with ``finishPublishing()``.
  package var publishesAtOnce = true
  /// Why nothing can be published; nil when files can be.
  package var publishFailure: UploadError?
  /// Whether published files are reported as replacing others.
  package var replaces = false
  private var publishing: [(EventLoopPromise<[StoredFile]>, [StagedMemoryFile])] = []

  package init(eventLoop: any EventLoop) {
    self.eventLoop = eventLoop
  }

  /// The newest.
  package var sink: MemorySink? { sinks.last }

  package func begin(
    _ meter: UploadMeter,
    hash: (any ContentHash)?,
    condition: PublishCondition?,
    on eventLoop: any EventLoop,
    delegate: any UploadSinkDelegate
  ) -> any UploadSink {
    let sink = MemorySink(meter, hash, self, delegate)
    sink.hasRoom = beginsWithRoom
    sinks.append(sink)
    conditions.append(condition)
    return sink
  }

  package func publish(_ files: [any StagedFile], on eventLoop: any EventLoop) -> EventLoopFuture<[StoredFile]> {
    let promise = eventLoop.makePromise(of: [StoredFile].self)
    publishing.append((promise, files.compactMap { $0 as? StagedMemoryFile }))
    if publishesAtOnce { finishPublishing() }
    return promise.futureResult
  }

  /// Ends every ``publish(_:on:)`` that has not ended.
  package func finishPublishing() {
    let waiting = publishing
    publishing = []
    for (promise, files) in waiting {
      if let publishFailure {
        promise.fail(publishFailure)
      } else {
        published.append(files.map(\.request.name.description))
        promise.succeed(files.map(store))
      }
    }
  }

  private func store(_ staged: StagedMemoryFile) -> StoredFile {
    files[staged.request.name.description] = staged.content
    return StoredFile(
      name: staged.request.name.bytes,
      size: UInt64(staged.content.count),
      type: staged.request.type,
      modified: 0,
      replaced: replaces,
      digests: staged.digests
    )
  }

  /// Opens a stored file for reading, whose content arrives in buffers of at most `bufferSize` bytes.
  package func open(_ name: String, bufferSize: Int = 4096) -> (any OpenFile)? {
    guard let content = files[name] else { return nil }
    let file = StoredFile(name: NameBytes(name), size: UInt64(content.count), type: nil, modified: 0)
    return OpenMemoryFile(file: file, content: content, bufferSize: bufferSize)
  }

  package func discard(_ files: [any StagedFile]) {
    discarded += files.compactMap { $0 as? StagedMemoryFile }.map(\.request.name.description)
  }
}

/// A staged file of a ``MemoryStore``.
struct StagedMemoryFile: StagedFile {
  let meter: UploadMeter
  let request: FinalizeRequest
  let content: [UInt8]
  /// Those digests of the content that were computed.
  let digests: ContentDigests
}

/// A stored file of a ``MemoryStore``, opened for reading.
private struct OpenMemoryFile: OpenFile {
  let file: StoredFile
  let content: [UInt8]
  let bufferSize: Int

  var version: FileVersion { FileVersion(modified: 0, text: "\(content.count)-\(content.hashValue)") }

  func content(in range: Range<UInt64>) -> FileContent {
    let bytes = content[Int(range.lowerBound)..<Int(range.upperBound)]
    let (bufferSize, start, end) = (bufferSize, bytes.startIndex, bytes.endIndex)
    return .buffers(
      AsyncThrowingStream { continuation in
        for begin in stride(from: start, to: end, by: bufferSize) {
          continuation.yield(ByteBuffer(bytes: bytes[begin..<min(end, begin + bufferSize)]))
        }
        continuation.finish()
      }
    )
  }
}
