import NIOCore
import Synchronization
import Testing
import UploadCore
import UploadTestSupport

@testable import UploadStorage

/// One upload's sink and its delegate, reached from a test: every call hops to the sink's event loop.
final class SinkProbe: Sendable {
  private final class Ears: UploadSinkDelegate {
    let heard: Mutex<Heard>

    init() {
      heard = Mutex(Heard())
    }

    func sinkHasRoom() {
      heard.withLock { $0.rooms += 1 }
    }

    func sinkFailed(_ error: UploadError) {
      heard.withLock { $0.errors.append(error) }
    }
  }

  /// What the sink has told its delegate.
  struct Heard {
    var rooms = 0
    var errors: [UploadError] = []
  }

  let meter: UploadMeter
  private let eventLoop: any EventLoop
  private let ears: NIOLoopBound<Ears>
  private let sink: NIOLoopBound<any UploadSink>

  /// - Parameter size: the content's, as its sender states it.
  init(
    _ store: DiskStore,
    size: UInt64?,
    isExact: Bool,
    hash: (any ContentHash)? = nil,
    on eventLoop: any EventLoop
  ) async throws {
    self.eventLoop = eventLoop
    let meter = UploadMeter(
      direction: .incoming,
      mode: .stream,
      name: "probe",
      size: size,
      sizeExact: isExact,
      remote: ""
    )
    self.meter = meter
    (ears, sink) = try await eventLoop.submit {
      let ears = Ears()
      let sink = store.begin(meter, hash: hash, on: eventLoop, delegate: ears)
      return (NIOLoopBound(ears, eventLoop: eventLoop), NIOLoopBound(sink, eventLoop: eventLoop))
    }.get()
  }

  /// What the delegate has heard so far.
  var heard: Heard {
    get async throws { try await onLoop { ears, _ in ears.heard.withLock { $0 } } }
  }

  var hasRoom: Bool {
    get async throws { try await onLoop { _, sink in sink.hasRoom } }
  }

  /// Writes without asking for room.
  func write(_ bytes: [UInt8]) async throws {
    try await onLoop { _, sink in sink.write(ByteBuffer(bytes: bytes)) }
  }

  /// Writes as a connection does: in pieces, each only when the one before has found room.
  func feed(_ bytes: [UInt8], pieces: some Sequence<Int>) async throws {
    var start = 0
    for piece in pieces where start < bytes.count {
      let end = min(bytes.count, start + piece)
      try await write(Array(bytes[start..<end]))
      try await eventually("room for more") { try await hasRoom }
      start = end
    }
    if start < bytes.count { try await write(Array(bytes[start...])) }
  }

  /// Asks for the upload to be sealed; the future tells how that went.
  func beginSealing(_ name: String = "file", type: String? = nil) async throws -> EventLoopFuture<SealedUpload> {
    try await beginSealing(FileEnd(name: #require(FileName(name)), type: type))
  }

  /// Asks for the upload to be sealed with all that is known of it.
  func beginSealing(_ end: FileEnd) async throws -> EventLoopFuture<SealedUpload> {
    try await onLoop { _, sink in sink.seal(end) }
  }

  /// Seals and waits for it.
  func seal(_ name: String = "file", type: String? = nil) async throws -> SealedUpload {
    try await beginSealing(name, type: type).get()
  }

  /// Stores what has come so far as it is.
  func keep(_ name: String) async throws -> StoredFile {
    let name = try #require(FileName(name))
    return try await onLoop { _, sink in sink.keep(as: name) }.get()
  }

  func abort() async throws {
    try await onLoop { _, sink in sink.abort() }
  }

  private func onLoop<Value: Sendable>(
    _ body: @escaping @Sendable (Ears, any UploadSink) -> Value
  ) async throws -> Value {
    try await eventLoop.submit { [ears, sink] in body(ears.value, sink.value) }.get()
  }
}
