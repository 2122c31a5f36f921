import NIOCore
import UploadCore
import UploadProtocol

/// Where the bytes of a body's content come from.
enum BodyContent: Sendable {
  /// Straight from a regular file, without passing through this process.
  case file(OpenedSource)
  /// From a regular file, piece by piece through this process.
  case copied(OpenedSource, PieceReader)
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
    case .file(let source), .copied(let source, _): source.size
    case .stream: nil
    case .memory(let form): form.count
    }
  }

  /// Whether it can be sent once more from its beginning.
  var isRepeatable: Bool {
    if case .stream = self { false } else { true }
  }

  /// How the content is cut into pieces.
  /// - Parameters:
  ///   - isForm: whether a form's end comes after it.
  ///   - limit: bytes in a piece at most, where a rate limit asks for small ones; nil for the usual.
  func plan(isForm: Bool, limit: Int?) -> BodyStateMachine.Plan {
    let limit = limit.map { UInt64(max(1, $0)) } ?? .max
    switch self {
    case .file, .copied:
      return BodyStateMachine.Plan(
        size: size,
        pieceSize: min(pieceSize, limit),
        heldBack: min(Self.heldBack, limit),
        hasTail: isForm
      )
    case .stream:
      return BodyStateMachine.Plan(size: nil, pieceSize: 0, heldBack: 0, hasTail: true)
    case .memory:
      return BodyStateMachine.Plan(size: size, pieceSize: min(pieceSize, limit), heldBack: 0, hasTail: true)
    }
  }

  /// Bytes given to the network layer at once, unless a rate limit says less.
  private var pieceSize: UInt64 {
    switch self {
    case .file: Self.regionSize
    case .copied: UInt64(PieceReader.capacity)
    case .stream: UInt64(StreamReader.capacity)
    case .memory: UInt64(FormInMemory.blockSize)
    }
  }

  /// Memory of this process that the content passes through on its way to the socket, in bytes.
  /// - Parameter isSecure: whether it is encrypted on the way, which makes a second copy of each piece.
  func networkBytes(isSecure: Bool) -> Int {
    switch self {
    case .file: 0
    case .copied: 2 * PieceReader.capacity
    case .stream: (isSecure ? 2 : 1) * StreamReader.capacity
    case .memory: isSecure ? FormInMemory.blockSize : 0
    }
  }

  /// The source that reads and checks go to; nil where there is nothing to read or to change any more.
  var source: OpenedSource? {
    switch self {
    case .file(let source), .copied(let source, _), .stream(let source, _): source
    case .memory: nil
    }
  }

  /// The SHA-256 of what was sent; a file's is read again for it. Blocks.
  /// - Throws: ``UploadError`` with code `fileChanged`, `unreadableFile` or `cancelled`.
  func digests(isCancelled: () -> Bool) throws(UploadError) -> ContentDigests {
    guard let hash = SHAHash([.sha256]) else { return ContentDigests() }
    return switch self {
    case .file(let source), .copied(let source, _): try source.digests(hash, isCancelled: isCancelled)
    case .stream(_, let reader): reader.digests
    case .memory(let form): try form.digests(hash, isCancelled: isCancelled)
    }
  }

  /// A piece that the plan asked for, where it can be had at once; nil where it has to be read first.
  func piece(_ range: Range<UInt64>) -> IOData? {
    switch self {
    case .file(let source): source.region(range).map(IOData.fileRegion)
    case .copied, .stream: nil
    case .memory(let form): form.piece(range).map(IOData.byteBuffer)
    }
  }
}
