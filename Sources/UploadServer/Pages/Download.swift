import HTTPTypes
import Hummingbird
import NIOCore
import NIOHTTPTypes
import UploadCore
import UploadProtocol
import UploadStorage

/// Responds to `GET /files/NAME`: the file as an attachment, whole or in part.
///
/// One open file serves the size, the tag and the bytes, so that a file that is replaced in between is never mixed with its
/// successor.
struct Download: Sendable {
  /// Bytes read at once, and all that a connection holds of a file: thousands may be read slowly at the same time.
  private static let smallPiece = 32 * 1024
  /// The same for a client that reads fast, as far as the memory budget allows: it costs less time.
  private static let largePiece = 1024 * 1024
  /// A client that has accepted so many bytes does read; sockets hold less than that.
  private static let proof: UInt64 = 16 * 1024 * 1024

  let file: any OpenFile
  /// What is known of it.
  let stored: StoredFile
  let workers: WorkerPool
  let budget: MemoryBudget
  /// The connection it goes over.
  let channel: any Channel

  /// The response to a request for this file.
  /// - Throws: ``UploadError`` with code `badRequest` or `preconditionFailed`.
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
      var failure = ServerResponse(
        failure: "The file has \(stored.size) bytes; the range lies behind its end.",
        status: .rangeNotSatisfiable
      )
      failure.fields[.contentRange] = "bytes */\(stored.size)"
      return Response(failure.shown(on: Page(for: request.head)))
    }
  }

  private var tag: String { Preconditions.Representation(file.version).tag.text }

  /// The range asked for, unless it was asked of another version of the file, or of one that only a date tells: the
  /// file may have changed twice within that second, so a date is no strong validator (RFC 9110 sections 13.1.5 and
  /// 8.8.2.2), and parts of two versions must never be put together.
  ///
  /// Only GET has ranges (RFC 9110 section 14.2): HEAD describes the whole file.
  private func requestedRange(of request: Request) -> String? {
    guard request.method == .get else { return nil }
    if let condition = request.headers[.ifRange], condition != tag { return nil }
    return request.headers[.range]
  }

  private func body(_ range: Range<UInt64>) -> ResponseBody {
    ResponseBody(contentLength: Int(clamping: range.upperBound - range.lowerBound)) { [self] writer in
      let sent =
        switch file.content(in: range) {
        case .region(let region): try await send(region)
        case .buffers(let buffers): try await send(buffers)
        }
      // The length was promised: a file cut short meanwhile must not look complete.
      guard sent == range.upperBound - range.lowerBound else {
        throw UploadError(.storageFailed, "The file was cut short.")
      }
      try await writer.finish(nil)
    }
  }

  /// Reads a region on the workers and sends it, one piece after the other.
  /// - Returns: how many bytes were sent: fewer than the region has when the file is shorter by now.
  private func send(_ region: LocalFileRegion) async throws -> UInt64 {
    var sent: UInt64 = 0
    var pieceSize = Self.smallPiece
    defer { budget.shrinkBuffer(by: pieceSize - Self.smallPiece) }
    while sent < region.length {
      let wanted = Int(min(UInt64(pieceSize), region.length - sent))
      let position = sent
      let piece = try await workers.runIfActive {
        var buffer = ByteBufferAllocator().buffer(capacity: wanted)
        try buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: wanted) {
          try region.read(into: UnsafeMutableRawBufferPointer(rebasing: $0[..<wanted]), at: position)
        }
        return buffer
      }
      guard piece.readableBytes > 0 else { break }
      sent += UInt64(piece.readableBytes)
      try await channel.sendBody(piece)
      if pieceSize == Self.smallPiece, sent >= Self.proof,
        budget.growBuffer(by: Self.largePiece - Self.smallPiece)
      {
        pieceSize = Self.largePiece
      }
    }
    return sent
  }

  /// Sends buffers as they arrive, each when the socket has accepted the one before.
  /// - Returns: how many bytes were sent.
  private func send(_ buffers: some AsyncSequence<ByteBuffer, any Error> & Sendable) async throws -> UInt64 {
    var sent: UInt64 = 0
    for try await buffer in buffers {
      sent += UInt64(buffer.readableBytes)
      try await channel.sendBody(buffer)
    }
    return sent
  }
}

extension Response {
  /// A complete response as Hummingbird writes it.
  init(_ response: ServerResponse) {
    self.init(status: response.status, headers: response.fields, body: ResponseBody(byteBuffer: response.body))
  }
}

extension Channel {
  /// Sends a piece of a response's body, and waits until the socket has taken it. Hummingbird's writer looks whether there
  /// is room on a thread of its own, and so hands on megabytes before the event loop can say that there is none.
  func sendBody(_ piece: ByteBuffer) async throws {
    try await withTaskCancellationHandler {
      try await writeAndFlush(HTTPResponsePart.body(piece))
    } onCancel: {
      close(promise: nil)
    }
  }
}

extension OpenDiskFile {
  /// What is known of the file. Where no type was noted with it, as on file systems without attributes, it is detected
  /// again from the content. Blocks.
  var typed: StoredFile {
    guard file.type == nil else { return file }
    var typed = file
    // A file that cannot be read has no type; a download reports the error.
    let detected = try? MediaTypeSniffer.type { (offset, count) throws(UploadError) in
      try withUnsafeTemporaryAllocation(byteCount: count, alignment: 1) { buffer throws(UploadError) in
        Array(buffer.prefix(try region.read(into: buffer, at: UInt64(offset))))
      }
    }
    typed.type = MediaTypeNames.best(detected: detected, declared: nil, fileName: file.name)
    return typed
  }
}
