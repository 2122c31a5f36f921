import NIOCore
import Synchronization
import Testing
import UploadCore
import UploadTestSupport

@testable import UploadStorage

/// One upload's sink and its delegate, reached from a test: every call hops to the sink's event loop.
final class SinkProbe: Sendable {
  private final class Delegate: UploadSinkDelegate {
    let notified: Mutex<Notifications>

    init() {
      notified = Mutex(Notifications())
    }

    func sinkHasRoom() {
      notified.withLock { $0.rooms += 1 }
    }

    func sinkFailed(_ error: UploadError) {
      notified.withLock { $0.errors.append(error) }
    }
  }

  /// What the sink has notified its delegate of.
  struct Notifications {
    var rooms = 0
    var errors: [UploadError] = []
  }

  let meter: UploadMeter
  private let eventLoop: any EventLoop
  private let delegate: NIOLoopBound<Delegate>
  private let sink: NIOLoopBound<any UploadSink>

  /// - Parameter size: the content's, as its sender states it.
  convenience init(
    _ store: DiskStore,
    size: UInt64?,
    isExact: Bool,
    hash: (any ContentHash)? = nil,
    on eventLoop: any EventLoop
  ) async throws {
    let meter = UploadMeter(
      direction: .incoming,
      mode: .stream,
      name: "probe",
      size: size,
      sizeExact: isExact,
      remote: ""
    )
    try await self.init(meter, on: eventLoop) { delegate in
      store.begin(meter, hash: hash, condition: nil, on: eventLoop, delegate: delegate)
    }
  }

  /// - Parameter begin: makes the sink, on `eventLoop`.
  init(
    _ meter: UploadMeter,
    on eventLoop: any EventLoop,
    _ begin: @escaping @Sendable (any UploadSinkDelegate) -> any UploadSink
  ) async throws {
    self.eventLoop = eventLoop
    self.meter = meter
    (delegate, sink) = try await eventLoop.submit {
      let delegate = Delegate()
      let sink = begin(delegate)
      return (NIOLoopBound(delegate, eventLoop: eventLoop), NIOLoopBound(sink, eventLoop: eventLoop))
    }.get()
  }

  /// What the delegate has been notified of so far.
  var notified: Notifications {
    get async throws { try await onLoop { delegate, _ in delegate.notified.withLock { $0 } } }
  }

  var hasRoom: Bool {
    get async throws { try await onLoop { _, sink in sink.hasRoom } }
  }

  /// Writes even if there is no room.
  func write(_ bytes: [UInt8]) async throws {
    try await onLoop { _, sink in sink.write(ByteBuffer(bytes: bytes)) }
  }

  /// Writes as a connection does: in chunks, each only when there is room for it.
  /// - Parameter chunks: their sizes in bytes; the rest is one more.
  func feed(_ bytes: [UInt8], chunks: some Sequence<Int>) async throws {
    var start = 0
    for chunk in chunks where start < bytes.count {
      let end = min(bytes.count, start + chunk)
      try await write(Array(bytes[start..<end]))
      try await eventually("room for more") { try await hasRoom }
      start = end
    }
    if start < bytes.count { try await write(Array(bytes[start...])) }
  }

  /// Asks for the upload to be staged.
  func beginStaging(_ name: String = "file", type: String? = nil) async throws -> EventLoopFuture<any StagedFile> {
    try await beginStaging(FinalizeRequest(path: FilePath(#require(FileName(name))), type: type))
  }

  /// Asks for the upload to be staged as requested.
  func beginStaging(_ request: FinalizeRequest) async throws -> EventLoopFuture<any StagedFile> {
    try await onLoop { _, sink in sink.stage(request) }
  }

  /// Stages and waits for it.
  func stage(_ name: String = "file", type: String? = nil) async throws -> any StagedFile {
    try await beginStaging(name, type: type).get()
  }

  /// Stores what has arrived so far as an interrupted upload.
  func keep(_ name: String) async throws -> StoredFile {
    let name = try #require(FileName(name))
    return try await onLoop { _, sink in
      sink.finalize(FinalizeRequest(path: FilePath(name), onDuplicate: .rename))
    }.get()
  }

  /// Asks for the file to be published.
  func beginFinalizing(_ request: FinalizeRequest) async throws -> EventLoopFuture<StoredFile> {
    try await onLoop { _, sink in sink.finalize(request) }
  }

  /// Asks for the request to be ended, but not the upload.
  func beginSuspending() async throws -> EventLoopFuture<UInt64> {
    let suspended = try await onLoop { _, sink in (sink as? any AppendSink)?.suspend() }
    return try #require(suspended)
  }

  func abort() async throws {
    try await onLoop { _, sink in sink.abort() }
  }

  private func onLoop<Value: Sendable>(
    _ body: @escaping @Sendable (Delegate, any UploadSink) -> Value
  ) async throws -> Value {
    try await eventLoop.submit { [delegate, sink] in body(delegate.value, sink.value) }.get()
  }
}
