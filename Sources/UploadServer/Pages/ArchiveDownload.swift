import HTTPTypes
import Hummingbird
import NIOCore
import UploadCore
import UploadProtocol
import UploadStorage

/// Responds with a directory, and all that is in it, as a tar archive.
///
/// The archive is made while it is sent, chunk by chunk, each when the socket has accepted the one before. Its length is
/// not known before. Files that are removed meanwhile are left out; a file of which less can be read than its header
/// says ends the connection, since the archive would be wrong, and of one that grows the announced bytes are sent.
struct ArchiveDownload: Sendable {
  /// The size in bytes from which a chunk is sent: about all that a response occupies besides the names of one
  /// directory at each level, which the listings count.
  static let chunkSize = 64 * 1024

  /// Names separated by slashes; empty for the upload directory itself.
  let directory: NameBytes
  /// What is in it.
  let files: any FileListing
  let store: any UploadStore
  /// Whether directories are archived.
  let hasDirectories: Bool
  /// The memory of one chunk, reserved in the budget until the response has been sent.
  let reservation: MemoryReservation
  let channel: any Channel
  /// Counts the download from the first byte of its body.
  let ledger: UploadLedger
  let meter: DownloadMeter

  /// What observers know the download by: the directory's path with a slash at its end; a slash alone for the upload
  /// directory.
  static func name(of directory: NameBytes) -> NameBytes { NameBytes(directory.bytes + "/".utf8) }

  /// The response, with status 200 and without a stated length.
  func response() -> Response {
    let name = directory.isEmpty ? NameBytes("files") : directory.lastComponent
    let fields: HTTPFields = [
      .contentType: "application/x-tar",
      .contentDisposition: ContentDisposition.attachment(named: NameBytes(name.bytes + ".tar".utf8)),
      .xContentTypeOptions: "nosniff",
      .cacheControl: "no-cache",
    ]
    let body = ResponseBody { writer in
      ledger.begin(meter)
      var outcome = DownloadOutcome.aborted
      defer { ledger.end(meter, outcome) }
      try await send()
      try await writer.finish(nil)
      outcome = .finished
    }
    return Response(status: .ok, headers: fields, body: body)
  }

  // MARK: Content

  /// A directory that is being archived.
  private struct Level {
    let files: any FileListing
    /// Its path below the upload directory.
    let path: NameBytes
    var next = 0
  }

  /// What ends a step through a directory.
  private enum Pause: Sendable {
    /// The chunk is full.
    case full
    /// A directory follows, whose header is in the chunk.
    case directory(NameBytes)
    /// The content of a file follows, whose header is in the chunk.
    case content(any OpenFile)
  }

  /// The chunk that is sent next, and what stopped the step that fills it.
  private struct Chunk: Sendable {
    var bytes = ByteBuffer()
    var pause: Pause?
  }

  private func send() async throws {
    let archive = ArchivePaths(directory)
    var chunk = Chunk()
    if let top = archive.top { chunk.bytes.writeBytes(TarWriter.header(of: top)) }
    // Depth first: of each directory on the way to the current one the listing is retained.
    var levels = [Level(files: files, path: directory)]
    while let level = levels.last {
      guard level.next < level.files.count else {
        levels.removeLast()
        continue
      }
      let result = try await level.files.read(from: level.next, into: chunk) { [hasDirectories] chunk, entry in
        Self.add(entry, in: level.path, archive, hasDirectories: hasDirectories, to: &chunk)
      }
      (chunk, levels[levels.count - 1].next) = (result.value, result.next)
      switch chunk.pause {
      case nil, .full: break
      case .content(let file): try await send(file, after: &chunk)
      case .directory(let name):
        let path = level.path.appending(name)
        // A tree of other programs may be deeper than any that is uploaded; no archive may retain more listings.
        guard levels.count <= DirectoryPath.maximumDepth, let files = try await list(path) else { break }
        levels.append(Level(files: files, path: path))
      }
      chunk.pause = nil
      if chunk.bytes.readableBytes >= Self.chunkSize / 2 { try await flush(&chunk) }
    }
    chunk.bytes.writeBytes(TarWriter.end)
    try await flush(&chunk)
  }

  /// What is in a directory; nil for one that has been removed meanwhile.
  /// - Throws: ``UploadError`` with code `outOfMemory` when listings use all memory that they may: the archive would lack
  ///   the directory.
  private func list(_ path: NameBytes) async throws -> (any FileListing)? {
    do {
      guard let files = try await store.list(path) else {
        throw UploadError(.outOfMemory, "Too many listings or files. Try again later.")
      }
      return files
    } catch let error as UploadError where error.code == .notFound {
      return nil
    }
  }

  /// Adds an entry to the chunk: a small local file as a whole, of others the header alone. Runs on a thread of the
  /// store, where it may block.
  /// - Returns: whether the next entry may follow; otherwise the chunk says why not.
  private static func add(
    _ entry: ListedEntry,
    in directory: NameBytes,
    _ archive: ArchivePaths,
    hasDirectories: Bool,
    to chunk: inout Chunk
  ) -> Bool {
    switch entry {
    case .directory(let name, let modified):
      guard hasDirectories else { return true }
      let entry = archive.entry(directory.appending(name), .directory, modified)
      chunk.bytes.writeBytes(TarWriter.header(of: entry))
      chunk.pause = .directory(name)
    case .file(let file):
      let size = file.file.size
      let path = directory.appending(file.file.nameBytes.lastComponent)
      let header = TarWriter.header(of: archive.entry(path, .file(size: size), file.file.modified))
      if size <= UInt64(chunkSize / 2), case .region(let region) = file.content(in: 0..<size) {
        // One that has been truncated is left out: its header is not written yet.
        guard let content = read(region) else { return true }
        chunk.bytes.writeBytes(header)
        chunk.bytes.writeImmutableBuffer(content)
        chunk.bytes.writeRepeatingByte(0, count: TarWriter.padding(after: size))
        if chunk.bytes.readableBytes >= chunkSize / 2 { chunk.pause = .full }
      } else {
        chunk.bytes.writeBytes(header)
        chunk.pause = .content(file)
      }
    }
    return chunk.pause == nil
  }

  /// The whole content of a region; nil when it cannot be read, or is shorter.
  private static func read(_ region: LocalFileRegion) -> ByteBuffer? {
    var content = ByteBuffer()
    while UInt64(content.readableBytes) < region.length {
      let position = UInt64(content.readableBytes)
      let wanted = Int(region.length - position)
      let count = try? content.writeWithUnsafeMutableBytes(minimumWritableBytes: wanted) {
        try region.read(into: UnsafeMutableRawBufferPointer(rebasing: $0[..<wanted]), at: position)
      }
      guard let count, count > 0 else { return nil }
    }
    return content
  }

  /// Sends the chunk, and then the content of a file, whose header is at the chunk's end.
  /// - Throws: ``UploadError`` with code `storageFailed` when the file is shorter than announced.
  private func send(_ file: any OpenFile, after chunk: inout Chunk) async throws {
    try await flush(&chunk)
    let size = file.file.size
    let sent =
      switch file.content(in: 0..<size) {
      case .region(let region): try await send(region)
      case .buffers(let buffers): try await send(buffers, upTo: size)
      }
    // An error closes the connection: the archive must not look complete.
    guard sent == size else { throw UploadError(.storageFailed, "A file is shorter than announced in the archive.") }
    chunk.bytes.writeRepeatingByte(0, count: TarWriter.padding(after: size))
  }

  /// - Returns: how many bytes were sent: fewer than the region has when the file is shorter by now.
  private func send(_ region: LocalFileRegion) async throws -> UInt64 {
    var sent: UInt64 = 0
    while sent < region.length {
      let (start, end) = (sent, min(region.length, sent + UInt64(Self.chunkSize)))
      let piece = try await region.reading { region in Self.read(region.part(start..<end)) }
      guard let piece else { break }
      sent += UInt64(piece.readableBytes)
      try await send(piece)
    }
    return sent
  }

  /// - Returns: how many bytes were sent: at most the limit, fewer when the buffers end early.
  private func send(
    _ buffers: some AsyncSequence<ByteBuffer, any Error> & Sendable,
    upTo limit: UInt64
  ) async throws -> UInt64 {
    var sent: UInt64 = 0
    for try await buffer in buffers {
      var buffer = buffer
      let piece = buffer.readSlice(length: Int(min(UInt64(buffer.readableBytes), limit - sent)))
      guard let piece, piece.readableBytes > 0 else { break }
      sent += UInt64(piece.readableBytes)
      try await send(piece)
    }
    return sent
  }

  private func send(_ bytes: ByteBuffer) async throws {
    try await channel.sendBody(bytes)
    meter.setSent(meter.sent + UInt64(bytes.readableBytes))
  }

  private func flush(_ chunk: inout Chunk) async throws {
    guard chunk.bytes.readableBytes > 0 else { return }
    let bytes = chunk.bytes
    chunk.bytes = ByteBuffer()
    try await send(bytes)
  }
}

/// The paths in the archive of one directory: they begin with its name, so that extracting it makes one directory; those
/// of the upload directory itself have no such beginning.
private struct ArchivePaths: Sendable {
  private let directory: NameBytes

  init(_ directory: NameBytes) { self.directory = directory }

  /// The directory itself; nil for the upload directory.
  var top: TarWriter.Entry? {
    directory.isEmpty ? nil : entry(directory, .directory, CurrentTime.seconds)
  }

  /// An entry of the archive.
  /// - Parameter path: below the upload directory.
  func entry(_ path: NameBytes, _ kind: TarWriter.Entry.Kind, _ modified: Int64) -> TarWriter.Entry {
    let parents = directory.bytes.count - directory.lastComponent.bytes.count
    return TarWriter.Entry(path: NameBytes(path.bytes.dropFirst(parents)), kind: kind, modified: modified)
  }
}

extension NameBytes {
  /// The path of something in the directory that has this path; empty for the upload directory.
  fileprivate func appending(_ name: NameBytes) -> NameBytes {
    isEmpty ? name : NameBytes(bytes + "/".utf8 + name.bytes)
  }
}
