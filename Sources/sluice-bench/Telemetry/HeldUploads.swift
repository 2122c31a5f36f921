import NIOCore
import NIOPosix
import UploadCore
import UploadStorage

/// Uploads in a store that have begun, hold memory, and get no further.
final class HeldUploads {
  /// What each has brought: less than the smallest slab, so that it is not written but kept.
  private static let held = 60 << 10

  let ledger = UploadLedger()
  let meters: [UploadMeter]
  /// The budget's reading.
  let slabUse: @Sendable () -> SlabUse
  private let sinks: NIOLoopBound<[any UploadSink]>
  private let eventLoops = MultiThreadedEventLoopGroup(numberOfThreads: 1)
  private let workers = WorkerPool(threads: WorkerPool.diskThreads)

  /// Nobody asks them for anything.
  private final class Nobody: UploadSinkDelegate {
    func sinkHasRoom() {}
    func sinkFailed(_ error: UploadError) {}
  }

  /// - Throws: ``UploadError`` with code `badDirectory`.
  init(_ count: Int, directory: String) throws {
    let budget = try MemoryBudget(limit: 1 << 30)
    let store = DiskStore(directory: try UploadDirectory(path: directory), budget: budget, workers: workers)
    let meters = (0..<count).map {
      UploadMeter(direction: .incoming, mode: .stream, name: "upload \($0)", size: 1 << 30, remote: "127.0.0.1:1")
    }
    let eventLoop = eventLoops.next()
    var noise = Noise(seed: 5)
    let bytes = ByteBuffer(bytes: noise.bytes(Self.held))
    sinks = try eventLoop.submit {
      let sinks = meters.map { meter in
        let sink = store.begin(meter, hash: nil, on: eventLoop, delegate: Nobody())
        sink.write(bytes)
        return sink
      }
      return NIOLoopBound(sinks, eventLoop: eventLoop)
    }.wait()
    for meter in meters { ledger.begin(meter) }
    self.meters = meters
    slabUse = { budget.use }
  }

  /// Gives everything back.
  func end() {
    let sinks = sinks
    try? eventLoops.next().submit { for sink in sinks.value { sink.abort() } }.wait()
    workers.shutDownAndWait()
    try? eventLoops.syncShutdownGracefully()
  }
}
