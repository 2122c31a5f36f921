import NIOCore
import NIOPosix
import UploadCore
import UploadStorage

/// What one download needs while it is sent: its file, the parts that are prepared, its meter. Loop-bound.
final class DownloadTransfer {
  /// Where the body comes from; `none` once it has ended.
  private(set) var source: DownloadContent.Source
  /// The length of the body, in bytes.
  let length: UInt64
  /// Counts it for observers; nil for a response to HEAD.
  let meter: DownloadMeter?
  /// The bytes of the part that is prepared, except for sendfile.
  var ready: ByteBuffer?
  /// The headers, until they are written.
  private var head: ByteBuffer?
  private var stream: BufferStream?
  private var file: SendableFile?
  /// Bytes that the memory budget counts.
  private var counted = 0

  init(head: ByteBuffer, content: DownloadContent, meter: DownloadMeter?) {
    (self.head, source, length, self.meter) = (head, content.source, content.length, meter)
    if case .bytes(let bytes) = source { ready = bytes }
  }

  /// The headers; nil once they were taken.
  func takeHead() -> ByteBuffer? {
    defer { head = nil }
    return head
  }

  /// A prepared part; nil without bytes.
  func takeBody(_ part: Range<UInt64>, bySendfile: Bool) -> IOData? {
    if bySendfile, case .file(let region) = source {
      let file = file ?? SendableFile(region)
      self.file = file
      return .fileRegion(file.part(part))
    }
    defer { ready = nil }
    return ready.flatMap { $0.readableBytes > 0 ? .byteBuffer($0) : nil }
  }

  /// The next buffer of a stream; nil at its end. Call it again only when the future is complete.
  func nextOfStream(on eventLoop: any EventLoop) -> EventLoopFuture<ByteBuffer?> {
    guard case .stream(let buffers) = source else { return eventLoop.makeSucceededFuture(nil) }
    let stream = stream ?? BufferStream(buffers)
    self.stream = stream
    return stream.next(on: eventLoop)
  }

  /// Counts two large buffers in place of a small one, which is not counted.
  /// - Returns: whether the budget grants them.
  func growBuffers(in budget: MemoryBudget) -> Bool {
    let size = Int(2 * DownloadPartSizes.buffer.large)
    guard counted == 0, budget.growBuffer(by: size) else { return false }
    counted = size
    return true
  }

  /// Gives everything back. Call it once, at the end.
  func release(_ budget: MemoryBudget) {
    if counted > 0 { budget.shrinkBuffer(by: counted) }
    (counted, ready) = (0, nil)
    stream?.cancel()
    source = .none
    file?.release()
    file = nil
  }
}

/// A file for sendfile: the handle that SwiftNIO requires, around a descriptor that a region owns.
private final class SendableFile {
  private let region: LocalFileRegion
  private let handle: NIOFileHandle

  init(_ region: LocalFileRegion) {
    self.region = region
    handle = NIOFileHandle(_deprecatedTakingOwnershipOfDescriptor: region.descriptor)
  }

  deinit {
    release()
  }

  func part(_ range: Range<UInt64>) -> FileRegion {
    FileRegion(
      fileHandle: handle,
      readerIndex: Int(clamping: region.offset + range.lowerBound),
      endIndex: Int(clamping: region.offset + range.upperBound)
    )
  }

  /// Takes the descriptor back from the handle, so that no write uses it any more, and closes the file on a thread of the
  /// store: to close the last descriptor of a file that was deleted frees its blocks, which takes time.
  func release() {
    guard (try? handle.takeDescriptorOwnership()) != nil else { return }
    region.release()
  }
}

/// Gets the buffers of an asynchronous sequence one at a time, each only when it is asked for.
///
/// Unchecked: the iterator is used by one task at a time, since the caller waits for each buffer.
private final class BufferStream: @unchecked Sendable {
  private var iterator: any AsyncIteratorProtocol<ByteBuffer, any Error>
  private var task: Task<Void, Never>?

  init(_ buffers: any AsyncSequence<ByteBuffer, any Error> & Sendable) {
    iterator = buffers.makeAsyncIterator()
  }

  func next(on eventLoop: any EventLoop) -> EventLoopFuture<ByteBuffer?> {
    let promise = eventLoop.makePromise(of: ByteBuffer?.self)
    task = Task {
      do {
        // An empty buffer would look like the end.
        var buffer = try await iterator.next(isolation: nil)
        while buffer?.readableBytes == 0 { buffer = try await iterator.next(isolation: nil) }
        promise.succeed(buffer)
      } catch {
        promise.fail(error)
      }
    }
    return promise.futureResult
  }

  func cancel() {
    task?.cancel()
  }
}
