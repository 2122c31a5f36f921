import NIOCore
import UploadCore

@testable import UploadStorage

/// A sink that does what a test says, on the test's thread.
final class ScriptedSink: UploadSink {
  let meter: UploadMeter
  private(set) var bytes: [UInt8] = []
  private(set) var name: String?
  private(set) var type: String?
  private(set) var end: FileEnd?
  /// What the server wants to have computed on the way.
  private(set) var hash: (any ContentHash)?
  private(set) var isAborted = false
  /// What had come was to be stored, whole or not.
  private(set) var isKept = false
  /// The room there is; the delegate hears when it comes back.
  var hasRoom = true {
    didSet { if hasRoom, !oldValue { delegate?.sinkHasRoom() } }
  }
  private weak var delegate: (any UploadSinkDelegate)?
  private let store: ScriptedStore
  private var promise: EventLoopPromise<SealedUpload>?

  init(_ meter: UploadMeter, _ hash: (any ContentHash)?, _ store: ScriptedStore, _ delegate: any UploadSinkDelegate) {
    self.meter = meter
    self.hash = hash
    self.store = store
    self.delegate = delegate
  }

  var text: String { String(decoding: bytes, as: UTF8.self) }

  func write(_ bytes: ByteBuffer) {
    guard !isAborted, name == nil else { return }
    self.bytes += Array(bytes.readableBytesView)
    bytes.withUnsafeReadableBytes { hash?.update($0) }
  }

  func seal(_ end: FileEnd) -> EventLoopFuture<SealedUpload> {
    self.end = end
    name = end.name.description
    type = end.type
    let promise = store.eventLoop.makePromise(of: SealedUpload.self)
    self.promise = promise
    if store.sealsAtOnce { finishSealing() }
    return promise.futureResult
  }

  func store(_ end: FileEnd) -> EventLoopFuture<StoredFile> {
    let store = store
    return seal(end)
      .flatMap { store.publish([$0], on: store.eventLoop) }
      .flatMapThrowing { files in
        guard let file = files.first else { throw UploadError(.internalFailure, "Nothing was published.") }
        return file
      }
  }

  func keep(as name: FileName) -> EventLoopFuture<StoredFile> {
    isKept = true
    return store(FileEnd(name: name))
  }

  /// The last byte is written.
  func finishSealing() {
    guard let promise, let name = name.flatMap({ FileName($0) }) else { return }
    self.promise = nil
    let place = OpenedDirectory(path: store.directory.path, calls: FileCalls())
    let file = PartialFile(descriptor: -1, hiddenName: nil, directory: store.directory, place: place)
    var digests = hash?.digests ?? ContentDigests()
    if var late = end?.late {
      bytes.withUnsafeBytes { late.update($0) }
      digests.fill(from: late.digests)
    }
    promise.completeWith(
      Result {
        try digests.require(end?.expected ?? ContentDigests())
        return SealedUpload(meter: meter, name: name, type: type, digests: digests, file: file)
      }
    )
  }

  func abort() {
    isAborted = true
    guard store.abortsAtOnce else { return }
    let promise = promise
    self.promise = nil
    promise?.fail(UploadError(.cancelled, "Aborted."))
  }

  /// Something goes wrong in the store.
  func fail(_ error: UploadError) {
    let promise = promise
    self.promise = nil
    promise?.fail(error)
    delegate?.sinkFailed(error)
  }
}
