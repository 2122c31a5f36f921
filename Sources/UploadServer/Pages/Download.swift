import HTTPTypes
import Hummingbird
import NIOCore
import NIOHTTPTypes
import UploadCore
import UploadProtocol
import UploadStorage

/// Responds to GET and HEAD of `/files/NAME`: the file as an attachment, whole or in part.
///
/// One open file serves the size, the tag and the bytes, so that a file that is replaced in between is never mixed with
/// its successor.
struct Download: Sendable {
  /// How many bytes are read at once, and all that a connection keeps in memory of a file: thousands of clients may
  /// read slowly at the same time.
  private static let smallChunk = 32 * 1024
  /// The same for a client that reads fast, as far as the memory budget allows: large chunks cost less time per byte.
  private static let largeChunk = 1024 * 1024
  /// After this many bytes a client counts as fast: the buffers of sockets are smaller, so it is reading.
  private static let fastFrom: UInt64 = 16 * 1024 * 1024

  let file: any OpenFile
  /// The same file with its type, as ``OpenFile/detectType()`` returns it.
  let stored: StoredFile
  let budget: MemoryBudget
  /// The client's connection.
  let channel: any Channel

  /// The response to GET or HEAD for this file, by the request's preconditions and range: 200, 206, 304 or 416. The
  /// file is read while the body is sent, which fails when the store yields fewer or more bytes than announced.
  /// - Throws: ``UploadError`` with code `badRequest` for a malformed precondition, or `preconditionFailed`.
  func response(to request: Request) throws(UploadError) -> Response {
    let preconditions = try Preconditions(request.headers, for: .read, now: CurrentTime.seconds)
    var fields: HTTPFields = [
      .contentType: stored.type ?? MediaTypeNames.unknown,
      .eTag: tag,
      .lastModified: HTTPDate.text(stored.modified),
      .acceptRanges: "bytes",
      .contentDisposition: ContentDisposition.attachment(named: stored.nameBytes),
      .xContentTypeOptions: "nosniff",
      .cacheControl: "no-cache",
    ]
    fields[.reprDigest] = DigestFields.text(stored.digests)
    switch preconditions.evaluate(Preconditions.Representation(file.version)) {
    case .perform: break
    case .notModified: return Response(status: .notModified, headers: fields)
    case .failed(let field): throw Preconditions.failure(field)
    }
    switch ByteRange(field: requestedRange(of: request), size: stored.size) {
    case .whole: return Response(status: .ok, headers: fields, body: body(0..<stored.size))
    case .part(let range):
      fields[.contentRange] = "bytes \(range.lowerBound)-\(range.upperBound - 1)/\(stored.size)"
      return Response(status: .partialContent, headers: fields, body: body(range))
    case .unsatisfiable:
      let message = "Range not satisfiable: the file has \(stored.size) bytes."
      var failure = ServerResponse(failure: message, status: .rangeNotSatisfiable)
      failure.fields[.contentRange] = "bytes */\(stored.size)"
      return Response(failure.shown(on: Page(for: request.head)))
    }
  }

  private var tag: String { Preconditions.Representation(file.version).tag.text }

  /// The requested range, unless `If-Range` names another version of the file, or only a date: the file may have
  /// changed twice within that second, so a date is no strong validator (RFC 9110 sections 13.1.5 and 8.8.2.2), and
  /// parts of two versions must never be put together.
  ///
  /// Only GET has ranges (RFC 9110 section 14.2): HEAD describes the whole file.
  private func requestedRange(of request: Request) -> String? {
    guard request.method == .get else { return nil }
    if let condition = request.headers[.ifRange], condition != tag { return nil }
    return request.headers[.range]
  }

  /// A body with the bytes at these offsets of the file.
  private func body(_ range: Range<UInt64>) -> ResponseBody {
    let length = range.upperBound - range.lowerBound
    return ResponseBody(contentLength: Int(clamping: length)) { [self] writer in
      let sent =
        switch file.content(in: range) {
        case .region(let region): try await send(region)
        case .buffers(let buffers): try await send(buffers, length: length)
        }
      // A file that was truncated meanwhile must not look complete. An error closes the connection.
      guard sent == length else { throw UploadError(.storageFailed, "The file is shorter than announced.") }
      try await writer.finish(nil)
    }
  }

  /// Reads a region on the threads of its store and sends it, one chunk after the other.
  ///
  /// Not by `sendfile`. SwiftNIO calls it on the event loop, where it blocks every connection of the loop while pages
  /// are read from the disk. That is the usual case: large uploads bypass the page cache, or are dropped from it.
  /// Besides, it cannot be used over TLS, `HTTPResponsePart` has no file region, and for a file that was truncated
  /// meanwhile it returns 0 for ever. The upload client does use `sendfile`: its event loops serve nothing else.
  /// - Returns: how many bytes were sent: fewer than the region has when the file is shorter by now.
  private func send(_ region: LocalFileRegion) async throws -> UInt64 {
    var sent: UInt64 = 0
    var chunkSize = Self.smallChunk
    defer { budget.shrinkBuffer(by: chunkSize - Self.smallChunk) }
    while sent < region.length {
      let wanted = Int(min(UInt64(chunkSize), region.length - sent))
      let position = sent
      let chunk = try await region.reading { (region: LocalFileRegion) throws -> ByteBuffer in
        var buffer = ByteBufferAllocator().buffer(capacity: wanted)
        try buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: wanted) {
          try region.read(into: UnsafeMutableRawBufferPointer(rebasing: $0[..<wanted]), at: position)
        }
        return buffer
      }
      guard chunk.readableBytes > 0 else { break }
      sent += UInt64(chunk.readableBytes)
      try await channel.sendBody(chunk)
      let isFast = chunkSize == Self.smallChunk && sent >= Self.fastFrom
      if isFast, budget.growBuffer(by: Self.largeChunk - Self.smallChunk) { chunkSize = Self.largeChunk }
    }
    return sent
  }

  /// Sends buffers as they arrive, each when the socket has accepted the one before.
  /// - Parameter length: the announced length, in bytes.
  /// - Returns: how many bytes were sent: fewer than announced when the buffers end early.
  /// - Throws: ``UploadError`` with code `storageFailed` when there are more, before any of those is sent: the client
  ///   would read them as the beginning of the next response.
  private func send(
    _ buffers: some AsyncSequence<ByteBuffer, any Error> & Sendable,
    length: UInt64
  ) async throws -> UInt64 {
    var sent: UInt64 = 0
    for try await buffer in buffers {
      guard UInt64(buffer.readableBytes) <= length - sent else {
        throw UploadError(.storageFailed, "The file is longer than announced.")
      }
      sent += UInt64(buffer.readableBytes)
      try await channel.sendBody(buffer)
    }
    return sent
  }
}

extension Response {
  /// The same response in Hummingbird's form, with its whole body.
  init(_ response: ServerResponse) {
    self.init(status: response.status, headers: response.fields, body: ResponseBody(byteBuffer: response.body))
  }
}

extension Channel {
  /// Sends a chunk of a response's body, and waits until the socket has accepted it. Hummingbird's writer checks for
  /// room on another thread, and so passes on megabytes before the event loop can report that there is none.
  ///
  /// Callable on any thread. A cancellation of the task closes the connection.
  /// - Throws: the connection's error when it cannot send, or is closed before.
  func sendBody(_ chunk: ByteBuffer) async throws {
    try await withTaskCancellationHandler {
      try await writeAndFlush(HTTPResponsePart.body(chunk))
    } onCancel: {
      close(promise: nil)
    }
  }
}

extension OpenFile {
  /// The file with its type. Where no type is stored with it, as on file systems without attributes, it is detected
  /// again: from the name and, for a local file, from the content, for which the call blocks; see
  /// ``MediaTypeNames/best(detected:declared:fileName:)``. It is nil where neither shows one.
  var typed: StoredFile {
    guard file.type == nil else { return file }
    var typed = file
    var detected: String?
    if case .region(let region) = content(in: 0..<file.size) {
      // A file that cannot be read shows no type; a download of it reports the error.
      detected = try? MediaTypeSniffer.type { (offset, count) throws(UploadError) in
        try withUnsafeTemporaryAllocation(byteCount: count, alignment: 1) { buffer throws(UploadError) in
          Array(buffer.prefix(try region.read(into: buffer, at: UInt64(offset))))
        }
      }
    }
    typed.type = MediaTypeNames.best(detected: detected, declared: nil, fileName: file.name)
    return typed
  }

  /// The same as ``typed``, without blocking the caller: reads on a thread of the store.
  /// - Throws: `CancellationError` when the store has been shut down.
  func detectType() async throws -> StoredFile {
    guard file.type == nil, case .region(let region) = content(in: 0..<file.size) else { return typed }
    return try await region.reading { [self] _ in self.typed }
  }
}

/// The part of a file that a request asks for (RFC 9110 section 14).
enum ByteRange: Equatable {
  /// The whole file: the request has no range, or one that may be ignored.
  case whole
  /// The bytes at these offsets: at least one, and all within the file.
  case part(Range<UInt64>)
  /// The range has no byte of the file, such as one that begins beyond its end. Respond with 416.
  case unsatisfiable

  /// Reads a `Range` field for a file of `size` bytes. Several ranges at once, other units and malformed fields are
  /// ignored, as the standard allows.
  /// - Parameter field: the field's value; nil, for the whole file, when the request has none.
  init(field: String?, size: UInt64) {
    self = .whole
    guard let field, let equals = field.firstIndex(of: "="), field[..<equals].lowercased() == "bytes" else { return }
    let spec = field[field.index(after: equals)...].withoutBlanks
    let ends = spec.split(separator: "-", omittingEmptySubsequences: false)
    guard ends.count == 2, spec.utf8.allSatisfy({ $0 == UInt8(ascii: "-") || $0.isDigit }) else { return }
    // A number of more than 64 bits is beyond the end of any file.
    let first = ends[0].isEmpty ? nil : UInt64(ends[0]) ?? .max
    let last = ends[1].isEmpty ? nil : UInt64(ends[1]) ?? .max
    switch (first, last) {
    case (nil, nil): break
    case (nil, let suffix?): self = suffix == 0 || size == 0 ? .unsatisfiable : .part(size - min(suffix, size)..<size)
    case (let first?, let last):
      guard first <= last ?? .max else { return }
      self = first >= size ? .unsatisfiable : .part(first..<min(last ?? .max, size - 1) + 1)
    }
  }
}
