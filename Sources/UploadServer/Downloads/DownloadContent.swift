import HTTPTypes
import NIOCore
import UploadCore
import UploadProtocol
import UploadStorage

/// What a download sends: decided on a thread of the store, in the same step that opens the file.
///
/// One open file serves the size, the tag and the bytes, so that a file that is replaced in between is never mixed with
/// its successor.
struct DownloadContent: Sendable {
  /// Where the body comes from.
  enum Source: Sendable {
    /// No body: a response to HEAD.
    case none
    /// The whole body, read already.
    case bytes(ByteBuffer)
    case file(LocalFileRegion)
    /// From a store that is not a local disk.
    case stream(any AsyncSequence<ByteBuffer, any Error> & Sendable)
  }

  /// A body of at most this length, in bytes, is read when the file is opened, and sent with the headers in one write: a
  /// small file needs one turn of a thread, and is closed at once.
  static let smallSize: UInt64 = 64 * 1024

  /// The status line and header fields, each with its line end, without those that depend on the connection and without
  /// the empty line at the end.
  let head: ByteBuffer
  /// The length of the body, in bytes; also of the one that a response to HEAD does not have.
  let length: UInt64
  let source: Source
}

extension DownloadContent {
  /// The response to a request for a file.
  enum Result: Sendable {
    /// 304, 307 or 416.
    case response(ServerResponse)
    /// 200 or 206.
    case content(DownloadContent)
  }

  /// Responds to a request by its preconditions and range: 200, 206, 304, 307 or 416. Blocks: reads a small file, and detects
  /// the type of one with which none is stored.
  /// - Throws: ``UploadError`` with code `badRequest` for a malformed precondition, `preconditionFailed`, or
  ///   `storageFailed` when the file cannot be read.
  static func open(_ file: any OpenFile, for request: DownloadRequest) throws(UploadError) -> Result {
    let preconditions = try Preconditions(request.head.headerFields, for: .read, now: CurrentTime.seconds)
    let representation = Preconditions.Representation(file.version)
    let (size, tag) = (file.file.size, representation.tag.text)
    switch preconditions.evaluate(representation) {
    case .perform: break
    case .notModified:
      var response = ServerResponse(status: .notModified)
      for (name, value) in fields(file.typed, tag: tag) { response.fields[name] = value }
      return .response(response)
    case .failed(let field): throw Preconditions.failure(field)
    }
    if !request.isHead, let location = file.location {
      var response = ServerResponse(status: .temporaryRedirect)
      response.fields[.location] = location
      // The URL expires.
      response.fields[.cacheControl] = "no-store"
      response.fields[.contentLength] = "0"
      return .response(response)
    }
    switch ByteRange(field: requestedRange(of: request, tag: tag), size: size) {
    case .whole: return .content(try content(file, 0..<size, tag: tag, request))
    case .part(let range): return .content(try content(file, range, tag: tag, request, isPart: true))
    case .unsatisfiable:
      let message = "Range not satisfiable: the file has \(size) bytes."
      var failure = ServerResponse(failure: message, status: .rangeNotSatisfiable)
      failure.fields[.contentRange] = "bytes */\(size)"
      return .response(failure)
    }
  }

  /// The requested range, unless `If-Range` names another version of the file, or only a date: the file may have
  /// changed twice within that second, so a date is no strong validator (RFC 9110 sections 13.1.5 and 8.8.2.2), and
  /// parts of two versions must never be put together.
  ///
  /// Only GET has ranges (RFC 9110 section 14.2): HEAD describes the whole file.
  private static func requestedRange(of request: DownloadRequest, tag: String) -> String? {
    guard !request.isHead, let range = request.head.headerFields[.range] else { return nil }
    if let condition = request.head.headerFields[.ifRange], condition != tag { return nil }
    return range
  }

  /// The header fields that describe a file, in all responses but errors.
  private static func fields(_ file: StoredFile, tag: String) -> [(HTTPField.Name, String)] {
    let fields: [(HTTPField.Name, String)] = [
      (.contentType, file.type ?? MediaTypeNames.unknown),
      (.eTag, tag),
      (.lastModified, HTTPDate.text(file.modified)),
      (.acceptRanges, "bytes"),
      (.contentDisposition, ContentDisposition.attachment(named: file.lastComponent)),
      (.xContentTypeOptions, "nosniff"),
      (.cacheControl, "no-cache"),
    ]
    return DigestFields.text(file.digests).map { fields + [(.reprDigest, $0)] } ?? fields
  }

  private static func content(
    _ file: any OpenFile,
    _ range: Range<UInt64>,
    tag: String,
    _ request: DownloadRequest,
    isPart: Bool = false
  ) throws(UploadError) -> DownloadContent {
    let length = range.upperBound - range.lowerBound
    var head = ByteBufferAllocator().buffer(capacity: 1024)
    head.writeStaticString(isPart ? "HTTP/1.1 206 Partial Content\r\n" : "HTTP/1.1 200 OK\r\n")
    for (name, value) in fields(file.typed, tag: tag) { head.writeField(name, value) }
    if isPart {
      head.writeField(.contentRange, "bytes \(range.lowerBound)-\(range.upperBound - 1)/\(file.file.size)")
    }
    head.writeField(.contentLength, String(length))
    let source = request.isHead ? .none : try source(file.content(in: range), length: length)
    return DownloadContent(head: head, length: length, source: source)
  }

  private static func source(_ content: FileContent, length: UInt64) throws(UploadError) -> Source {
    switch content {
    case .region(let region) where length <= smallSize: .bytes(try read(region))
    case .region(let region): .file(region)
    case .buffers(let buffers): .stream(buffers)
    }
  }

  /// Reads a whole region.
  /// - Throws: ``UploadError`` with code `storageFailed`, also when the file is shorter than the region by now.
  static func read(_ region: LocalFileRegion) throws(UploadError) -> ByteBuffer {
    let length = Int(region.length)
    var buffer = ByteBufferAllocator().buffer(capacity: length)
    var result = Swift.Result<Int, UploadError>.success(0)
    while buffer.readableBytes < length {
      let done = buffer.readableBytes
      buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: length - done) { space in
        result = Swift.Result { () throws(UploadError) in
          try region.read(into: UnsafeMutableRawBufferPointer(rebasing: space[..<(length - done)]), at: UInt64(done))
        }
        return (try? result.get()) ?? 0
      }
      guard try result.get() > 0 else {
        throw UploadError(.storageFailed, "The file became shorter while it was read. Request it again.")
      }
    }
    return buffer
  }
}

extension StoredFile {
  /// The name without the directories before it.
  fileprivate var lastComponent: NameBytes {
    let slash = UInt8(ascii: "/")
    guard nameBytes.bytes.contains(slash) else { return nameBytes }
    return NameBytes(nameBytes.bytes.split(separator: slash).last ?? [])
  }
}

extension ByteBuffer {
  /// The status line and the headers of a response of HTTP/1.1, to be written past the encoder.
  init(head response: HTTPResponse) {
    self.init()
    writeString("HTTP/1.1 \(response.status)\r\n")
    for field in response.headerFields { writeField(field.name, field.value) }
    writeStaticString("\r\n")
  }

  /// Writes a header field of HTTP/1.1 with its line end. The value must not contain line ends.
  mutating func writeField(_ name: HTTPField.Name, _ value: String) {
    writeString(name.rawName)
    writeStaticString(": ")
    writeString(value)
    writeStaticString("\r\n")
  }
}
