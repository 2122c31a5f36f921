import HTTPExchange
import NIOCore
import UploadCore
import UploadProtocol

/// How the bytes of a source get into the request's body.
enum BodyContent: Sendable {
  /// From a regular file by sendfile: the bytes do not pass through this process.
  case file(OpenedSource)
  /// From a regular file, in chunks that pass through this process.
  case copied(SourceReader)
  /// From a source of unknown length.
  case stream(SourceReader)
  /// From a source of unknown length whose last bytes can be sent again.
  case replayed(ReplayReader)
  /// From memory; the source has been read completely.
  case memory(FormInMemory)

  /// Bytes of a file in one write.
  ///
  /// Progress within a region is observed while it is sent, so that a region need not be small for that. 4 MiB: the event loop
  /// tick between two regions, some 20 µs, costs next to nothing compared with the 0.8 ms that sendfile takes for one on
  /// loopback, and other uploads on the same loop run as often.
  private static let regionSize: UInt64 = 4 << 20

  /// Bytes at the end of a file that are not sent before the file has been checked. Few, so that little time passes between
  /// the check and the last byte.
  private static let checkedTail: UInt64 = 64 * 1024

  /// The content of `source`, not read into memory.
  /// - Parameters:
  ///   - copies: whether a regular file passes through this process, because sendfile cannot send it: for TLS.
  ///   - limit: the most bytes of a stream that are read at once; nil, or more, for ``SourceReader/capacity``.
  init(_ source: OpenedSource, copies: Bool, atMost limit: Int?) {
    if source.regular == nil {
      self = .stream(SourceReader(source, atMost: limit))
    } else {
      self = copies ? .copied(SourceReader(source)) : .file(source)
    }
  }

  /// Where the bytes are read from; nil once they are in memory.
  var source: OpenedSource? {
    switch self {
    case .file(let source): source
    case .copied(let reader), .stream(let reader): reader.source
    case .replayed(let reader): reader.replay.source
    case .memory: nil
    }
  }

  /// Whether the kernel reads it from a file while it sends.
  var readsWhileSending: Bool {
    switch self {
    case .file: true
    case .copied, .stream, .replayed, .memory: false
    }
  }

  /// Whether it can be sent again from its beginning: everything but a stream, unless all of that is kept.
  var isRepeatable: Bool {
    switch self {
    case .file, .copied, .memory: true
    case .stream: false
    case .replayed(let reader): reader.replay.isComplete
    }
  }

  /// The same content for the next attempt. A file that is copied gets a new buffer: a read of the previous attempt may still
  /// use the old one. A stream continues where it is, one that is kept at the beginning of `part`.
  func renewed(for part: BodyPart = .whole) -> BodyContent {
    switch (self, part) {
    case (.file, _), (.stream, _), (.memory, _): self
    case (.copied(let reader), _): .copied(SourceReader(reader.source))
    case (.replayed(let reader), .whole), (.replayed(let reader), .nothing): .replayed(ReplayReader(reader.replay))
    case (.replayed(let reader), .range(let range, isLast: _)):
      .replayed(ReplayReader(reader.replay, from: range.lowerBound))
    case (.replayed(let reader), .rest(let start, let count)):
      .replayed(ReplayReader(reader.replay, from: start, atMost: count))
    }
  }

  /// How the content is divided into chunks.
  /// - Parameters:
  ///   - part: what the request carries of it; a range only of a regular file.
  ///   - limit: the most bytes in a chunk; without effect on a stream, whose chunks are what each read returns.
  ///   - isForm: whether the end of a form follows the content.
  func plan(_ part: BodyPart = .whole, limit: UInt64, isForm: Bool) -> BodyStateMachine.Plan {
    switch part {
    case .whole: return plan(limit: limit, isForm: isForm)
    case .nothing: return .init(size: 0, chunkSize: 1, checkedTail: 0, hasTail: false)
    case .range(let range, isLast: _):
      var plan = self.plan(limit: limit, isForm: false)
      (plan.start, plan.size) = (range.lowerBound, range.upperBound)
      if case .replayed = self {
        (plan.chunkSize, plan.hasTail, plan.readsChunks) = (min(UInt64(SourceReader.capacity), limit), false, true)
      }
      return plan
    case .rest(let start, atMost: _):
      var plan = self.plan(limit: limit, isForm: false)
      plan.start = start
      return plan
    }
  }

  private func plan(limit: UInt64, isForm: Bool) -> BodyStateMachine.Plan {
    let checkedTail = min(Self.checkedTail, limit)
    switch self {
    case .file(let source):
      let size = min(Self.regionSize, limit)
      return .init(size: source.size, chunkSize: size, checkedTail: checkedTail, hasTail: isForm)
    case .copied(let reader):
      let (size, chunk) = (reader.source.size, min(UInt64(SourceReader.capacity), limit))
      return .init(size: size, chunkSize: chunk, checkedTail: checkedTail, hasTail: isForm, readsChunks: true)
    case .stream, .replayed: return .init(size: nil, chunkSize: 0, checkedTail: 0, hasTail: true)
    case .memory(let form):
      let size = min(UInt64(FormInMemory.blockSize), limit)
      return .init(size: form.count, chunkSize: size, checkedTail: 0, hasTail: true)
    }
  }

  /// Memory of this process that the content passes through on its way to the socket, in bytes; without that of a form in
  /// memory itself.
  /// - Parameter isSecure: whether it is encrypted, which makes a second copy of each chunk.
  func networkBytes(isSecure: Bool) -> Int {
    switch self {
    case .file: 0
    case .copied: 2 * SourceReader.capacity
    case .stream: (isSecure ? 2 : 1) * SourceReader.capacity
    case .replayed(let reader): (isSecure ? 2 : 1) * SourceReader.capacity + reader.replay.memory
    case .memory: isSecure ? FormInMemory.blockSize : 0
    }
  }

  /// Checks that a file has not changed since it was opened; does nothing for streams and content in memory. May block: call
  /// it on a thread pool.
  /// - Throws: ``UploadError`` with code `fileChanged` or `unreadableFile`.
  func check() throws(UploadError) { try source?.check() }

  /// Reads the bytes that ``chunk(_:)`` then returns. Blocks: call it on a thread pool.
  /// - Parameters:
  ///   - range: offsets in a file that is copied; nil for a stream.
  ///   - limit: the most bytes to read of a stream, at least 1.
  /// - Throws: ``UploadError`` with code `fileChanged` or `unreadableFile`; ``rangeError`` for any other content.
  func read(_ range: Range<UInt64>?, atMost limit: UInt64 = .max) throws(UploadError) -> ContentReading {
    switch (self, range) {
    case (.stream(let reader), nil): return try reader.read(atMost: Int(clamping: limit))
    case (.replayed(let reader), let range): return try reader.read(range, atMost: limit)
    case (.copied(let reader), let range?):
      try reader.read(range)
      return .bytes(range.count)
    case (.stream, _), (.copied, _), (.file, _), (.memory, _): throw Self.rangeError
    }
  }

  /// The error, with code `internalFailure`, for a chunk that the content does not have.
  static let rangeError = UploadError(.internalFailure, "A chunk beyond the end of the file was requested.")

  /// The SHA-256 of the content that was sent; a file is read again for it. Blocks: call it on a thread pool.
  /// - Parameter checkCancellation: called before each read; what it throws ends the reading.
  /// - Throws: ``UploadError`` with code `fileChanged` or `unreadableFile`, and what `checkCancellation` throws.
  func digests(checkCancellation: () throws(UploadError) -> Void) throws(UploadError) -> ContentDigests {
    guard var hash = SHAHash([.sha256]) else { return ContentDigests() }
    switch self {
    case .file(let source): try source.add(to: &hash, checkCancellation: checkCancellation)
    case .copied(let reader): try reader.source.add(to: &hash, checkCancellation: checkCancellation)
    case .stream(let reader): return reader.digests
    case .replayed(let reader): return reader.replay.digests
    case .memory(let form):
      for block in form.blocks {
        try checkCancellation()
        block.withUnsafeReadableBytes { hash.update($0) }
      }
    }
    return hash.digests
  }

  /// The bytes of one write. For a file that is copied and for a stream, these are the bytes that were read last.
  /// - Parameter range: offsets in the content.
  /// - Returns: nil when content in memory has no such bytes in one block; offsets in other content are not checked.
  func chunk(_ range: Range<UInt64>) -> IOData? {
    switch self {
    case .file(let source): source.region(range).map(IOData.fileRegion)
    case .copied(let reader), .stream(let reader): .byteBuffer(reader.buffer)
    case .replayed(let reader): .byteBuffer(reader.buffer)
    case .memory(let form): form.chunk(range).map(IOData.byteBuffer)
    }
  }
}

/// What a request carries of the content.
enum BodyPart: Sendable, Equatable {
  /// All of it.
  case whole
  /// Nothing: the request has no body.
  case nothing
  /// These bytes of a regular file or of a stream that keeps them, counted from the first byte to send.
  /// - Parameter isLast: whether no further request follows.
  case range(Range<UInt64>, isLast: Bool)
  /// Everything from this offset of a stream to its end, or this many bytes of it.
  case rest(from: UInt64, atMost: UInt64?)

  /// Whether the upload ends with the response for it.
  var isLast: Bool {
    switch self {
    case .whole, .rest(_, atMost: nil): true
    case .range(_, let isLast): isLast
    case .nothing, .rest: false
    }
  }

  /// The phase of the upload while its exchange waits in `phase`: only with the last byte of the content an upload is about to
  /// end.
  func uploadPhase(_ phase: UploadPhase) -> UploadPhase {
    switch (self, phase) {
    case (.nothing, _): .waiting
    case (.range(_, isLast: false), .response), (.range(_, isLast: false), .finishing): .peer
    case (.range, _), (.rest, _), (.whole, _): phase
    }
  }
}
