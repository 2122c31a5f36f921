import NIOCore
import UploadCore
import UploadProtocol

/// Where the bytes of a body's content come from.
enum BodyContent: Sendable {
  /// Straight from a regular file, without passing through this process.
  case file(OpenedSource)
  /// From a source that has no length.
  case stream(OpenedSource, StreamReader)
  /// From memory; the source has been read and does not matter any more.
  case memory(FormInMemory)

  /// Bytes of a file given to the network layer at once.
  ///
  /// Progress within a region is seen by looking at what the network layer still has, so that a region need not be small
  /// for that. 4 MiB: the turn of the event loop between two of them, some 20 µs, costs next to nothing against the 0.8 ms
  /// that sendfile takes for one on loopback, and other uploads on the same loop get their turn as often.
  static let regionSize: UInt64 = 4 << 20

  /// The end of a file that is kept back until the file has been checked. Small, so that little time passes between the
  /// check and the last byte.
  static let heldBack: UInt64 = 64 * 1024

  /// Bytes of content; nil when only the source's end tells.
  var size: UInt64? {
    switch self {
    case .file(let source): source.size
    case .stream: nil
    case .memory(let form): form.count
    }
  }

  /// How the content is cut into pieces.
  /// - Parameter isForm: whether a form's end comes after it.
  func plan(isForm: Bool) -> BodyStateMachine.Plan {
    switch self {
    case .file:
      BodyStateMachine.Plan(size: size, pieceSize: Self.regionSize, heldBack: Self.heldBack, hasTail: isForm)
    case .stream:
      BodyStateMachine.Plan(size: nil, pieceSize: 0, heldBack: 0, hasTail: true)
    case .memory:
      BodyStateMachine.Plan(size: size, pieceSize: UInt64(FormInMemory.blockSize), heldBack: 0, hasTail: true)
    }
  }

  /// Memory of this process that the content passes through on its way to the socket, in bytes.
  var networkBytes: Int {
    switch self {
    case .file, .memory: 0
    case .stream: StreamReader.capacity
    }
  }

  /// The source that reads and checks go to; nil where there is nothing to read or to change any more.
  var source: OpenedSource? {
    switch self {
    case .file(let source), .stream(let source, _): source
    case .memory: nil
    }
  }

  /// The SHA-256 of what was sent; a file's is read again for it. Blocks.
  /// - Throws: ``UploadError`` with code `fileChanged`, `unreadableFile` or `cancelled`.
  func digests(isCancelled: () -> Bool) throws(UploadError) -> ContentDigests {
    guard let hash = SHAHash([.sha256]) else { return ContentDigests() }
    return switch self {
    case .file(let source): try source.digests(hash, isCancelled: isCancelled)
    case .stream(_, let reader): reader.digests
    case .memory(let form): try form.digests(hash, isCancelled: isCancelled)
    }
  }

  /// A piece that the plan asked for; nil only for one that it never asks for.
  func piece(_ range: Range<UInt64>) -> IOData? {
    switch self {
    case .file(let source): source.region(range).map(IOData.fileRegion)
    case .stream: nil
    case .memory(let form): form.block(at: range.lowerBound).map(IOData.byteBuffer)
    }
  }
}
