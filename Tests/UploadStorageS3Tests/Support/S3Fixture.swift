import Basics
import NIOCore
import NIOPosix
import Testing
import UploadCore
import UploadStorage
import UploadTestSupport

@testable import UploadStorageS3

/// A store in a ``FakeBucket``, which spools parts of 5 MiB in a directory of its own.
struct S3Fixture: Sendable {
  static let part = 5 << 20

  let bucket: FakeBucket
  let store: S3Store
  /// The store of another server in front of the bucket.
  let other: S3Store
  let budget: MemoryBudget
  let place: TemporaryDirectory
  let eventLoop: any EventLoop = MultiThreadedEventLoopGroup.singleton.next()

  /// A new upload.
  func upload(
    size: UInt64? = nil,
    hash: (any ContentHash)? = nil,
    condition: PublishCondition? = nil,
    request: UploadID = UploadID()
  ) async throws -> S3Probe {
    try await S3Probe(self, size: size, hash: hash, condition: condition, request: request)
  }

  /// Stores one file whole, announced as the server does.
  @discardableResult
  func store(_ bytes: [UInt8], _ request: FinalizeRequest) async throws -> StoredFile {
    let upload = try await upload()
    try await upload.announce(request)
    try await upload.write(bytes)
    do {
      return try await upload.finalize(request)
    } catch {
      // An upload that has failed before its end reports that to its delegate.
      throw try await upload.failure ?? error
    }
  }

  /// Random bytes, the same for the same count.
  static func content(_ count: Int) -> [UInt8] {
    var random = SplitMix64(seed: UInt64(count))
    var bytes: [UInt8] = []
    bytes.reserveCapacity(count + 8)
    while bytes.count < count { withUnsafeBytes(of: random.next()) { bytes.append(contentsOf: $0) } }
    bytes.removeLast(bytes.count - count)
    return bytes
  }
}

/// Runs `body` with a store, and checks at the end that memory, spooled parts, and all that uploads had at the engine besides
/// their objects are gone.
/// - Parameter unsupported: what the engine does with conditions that it does not support.
func withS3Store(
  onDuplicate: DuplicatePolicy = .rename,
  prefix: String = "",
  conditionalPut: Bool = true,
  conditionalComplete: Bool = true,
  unsupported: FakeBucket.Condition = .ignored,
  downloads: S3Downloads = .proxy,
  budget limit: Int = 16 << 20,
  minFree: SizeSetting = 0,
  leavesNothing: Bool = true,
  _ body: (S3Fixture) async throws -> Void
) async throws {
  try await withTemporaryDirectory { place in
    let bucket = FakeBucket(
      conditionOfPut: conditionalPut ? .supported : unsupported,
      conditionOfComplete: conditionalComplete ? .supported : unsupported
    )
    let budget = try MemoryBudget(limit: UInt64(limit))
    let workers = WorkerPool(threads: 4)
    let directory = try UploadDirectory(path: place.path, minFree: minFree)
    func store() -> S3Store {
      S3Store(
        bucket,
        capabilities: S3Capabilities(conditionalPut: conditionalPut, conditionalComplete: conditionalComplete),
        directory: directory,
        budget: budget,
        workers: workers,
        eventLoopGroup: MultiThreadedEventLoopGroup.singleton,
        configuration: S3StoreConfiguration(
          prefix: prefix,
          onDuplicate: onDuplicate,
          partSize: UInt64(S3Fixture.part),
          downloads: downloads
        )
      )
    }
    let fixture = S3Fixture(bucket: bucket, store: store(), other: store(), budget: budget, place: place)
    do {
      try await body(fixture)
      bucket.release()
      try await eventually("the budget at 0 (\(budget.use))") { budget.use.used == 0 }
      try await eventually("no part spooled") { spooledFiles(place.path) == 0 }
      if leavesNothing {
        try await eventually("no multipart upload left: \(bucket.multiparts.keys)") { bucket.multiparts.isEmpty }
        try await eventually("no claim left: \(bucket.own)") { bucket.own.isEmpty }
      }
    } catch {
      bucket.release()
      await workers.shutDown()
      throw error
    }
    await workers.shutDown()
  }
}

/// How many unnamed files in a directory this process has open.
private func spooledFiles(_ directory: String) -> Int {
  DirectoryNames.read("/proc/self/fd").count { descriptor in
    let link = linkTarget("/proc/self/fd/" + descriptor)
    return link.hasPrefix(directory + "/") && link.hasSuffix(" (deleted)")
  }
}

/// One upload, which a test feeds. Every call is made on its event loop.
final class S3Probe: Sendable {
  /// What lives on the event loop.
  final class Loop: UploadSinkDelegate {
    var sink: (any UploadSink)?
    var failure: UploadError?
    var waiting: [EventLoopPromise<Void>] = []

    func sinkHasRoom() { resume() }

    func sinkFailed(_ error: UploadError) {
      failure = error
      resume()
    }

    private func resume() {
      let promises = waiting
      waiting = []
      promises.forEach { $0.succeed() }
    }
  }

  let meter: UploadMeter
  private let eventLoop: any EventLoop
  private let loop: NIOLoopBound<Loop>

  /// An append to an unfinished upload.
  init(
    to record: UnfinishedRecord,
    in store: any UnfinishedStore,
    isProvisional: Bool = false,
    hash: (any ContentHash)? = nil,
    on eventLoop: any EventLoop
  ) async throws {
    let meter = UploadMeter(direction: .incoming, mode: .resumable, name: "a", size: record.length, remote: "test")
    (self.meter, self.eventLoop) = (meter, eventLoop)
    loop = try await eventLoop.submit {
      let loop = Loop()
      loop.sink = store.append(
        to: record,
        isProvisional: isProvisional,
        meter: meter,
        hash: hash,
        on: eventLoop,
        delegate: loop
      )
      return NIOLoopBound(loop, eventLoop: eventLoop)
    }.get()
  }

  init(
    _ fixture: S3Fixture,
    size: UInt64?,
    hash: (any ContentHash)?,
    condition: PublishCondition?,
    request: UploadID
  ) async throws {
    let meter = UploadMeter(
      request: request,
      direction: .incoming,
      mode: .stream,
      name: "a",
      size: size,
      remote: "test"
    )
    let eventLoop = fixture.eventLoop
    (self.meter, self.eventLoop) = (meter, eventLoop)
    loop = try await eventLoop.submit {
      let loop = Loop()
      loop.sink = fixture.store.begin(meter, hash: hash, condition: condition, on: eventLoop, delegate: loop)
      return NIOLoopBound(loop, eventLoop: eventLoop)
    }.get()
  }

  var failure: UploadError? { get async throws { try await on { $0.failure } } }
  var hasRoom: Bool { get async throws { try await on { $0.sink?.hasRoom ?? false } } }

  func announce(_ request: FinalizeRequest) async throws { try await on { $0.sink?.announce(request) } }

  /// Writes bytes as they would arrive: in chunks, each when there is room. Stops when the upload has failed.
  func write(_ bytes: [UInt8], chunk: Int = 300_000) async throws {
    for start in stride(from: 0, to: bytes.count, by: chunk) {
      let buffer = ByteBuffer(bytes: bytes[start..<min(bytes.count, start + chunk)])
      try await waitForRoom()
      guard try await failure == nil else { return }
      try await on { $0.sink?.write(buffer) }
    }
  }

  /// Writes until there is no more room; the bytes that fit.
  func writeWhileRoom(_ bytes: [UInt8], chunk: Int = 300_000) async throws -> Int {
    var start = 0
    while start < bytes.count {
      let buffer = ByteBuffer(bytes: bytes[start..<min(bytes.count, start + chunk)])
      let isWritten = try await on { loop in
        guard let sink = loop.sink, sink.hasRoom else { return false }
        sink.write(buffer)
        return true
      }
      let hasFailed = try await failure != nil
      if isWritten {
        start += buffer.readableBytes
      } else if hasFailed || meter.phase == .store {
        return start
      } else {
        try await Task.sleep(for: .milliseconds(1))
      }
    }
    return start
  }

  func waitForRoom() async throws {
    try await eventLoop.flatSubmit { [loop, eventLoop] () -> EventLoopFuture<Void> in
      let loop = loop.value
      guard loop.failure == nil, loop.sink?.hasRoom == false else { return eventLoop.makeSucceededVoidFuture() }
      let promise = eventLoop.makePromise(of: Void.self)
      loop.waiting.append(promise)
      return promise.futureResult
    }.get()
  }

  func finalize(_ request: FinalizeRequest) async throws -> StoredFile {
    try await eventLoop.flatSubmit { [loop, eventLoop] () -> EventLoopFuture<StoredFile> in
      loop.value.sink?.finalize(request) ?? eventLoop.makeFailedFuture(UploadError(.cancelled, "over"))
    }.get()
  }

  func stage(_ request: FinalizeRequest) async throws -> any StagedFile {
    try await eventLoop.flatSubmit { [loop, eventLoop] () -> EventLoopFuture<any StagedFile> in
      loop.value.sink?.stage(request) ?? eventLoop.makeFailedFuture(UploadError(.cancelled, "over"))
    }.get()
  }

  func suspend() async throws -> UInt64 {
    try await eventLoop.flatSubmit { [loop, eventLoop] () -> EventLoopFuture<UInt64> in
      (loop.value.sink as? any AppendSink)?.suspend() ?? eventLoop.makeFailedFuture(UploadError(.cancelled, "over"))
    }.get()
  }

  func abort() async throws { try await on { $0.sink?.abort() } }

  @discardableResult
  private func on<Result: Sendable>(_ body: @escaping @Sendable (Loop) throws -> Result) async throws -> Result {
    try await eventLoop.submit { [loop] in try body(loop.value) }.get()
  }
}
