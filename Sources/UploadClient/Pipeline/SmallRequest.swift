import HTTPExchange
import NIOCore
import NIOHTTP1
import UploadCore
import UploadProtocol

/// Formats the requests of small files, each with its body. What they have in common is formatted once.
struct SmallRequest: Sendable {
  /// The largest file that is sent so, in bytes.
  static let sizeLimit: UInt64 = 64 * 1024

  let target: SendTarget
  let configuration: UploadClientConfiguration
  /// Whether the requests carry an access token.
  let hasToken: Bool
  /// Whether several may be outstanding: `PUT` is idempotent, `POST` is not (RFC 9112 section 9.3.2).
  let mayBePipelined: Bool

  private let method: String
  /// Scheme and host where a proxy forwards the requests.
  private let uriPrefix: String
  let group: UploadGroup?
  /// The header fields that all of them have.
  private let commonFields: [UInt8]
  /// Whether the user sets the field with the modification time.
  private let statesTime: Bool
  /// Whether what the server has can be looked up: each file has a URL, and the user makes no condition of his own.
  let canLookUp: Bool

  /// - Throws: ``UploadError`` with code `badValue` when the configuration is invalid.
  init(
    _ target: SendTarget,
    connector: ServerConnector,
    group: UploadGroup?,
    configuration: UploadClientConfiguration
  ) throws(UploadError) {
    (self.target, self.configuration, self.group) = (target, configuration, group)
    uriPrefix = connector.uriPrefix
    method = configuration.method ?? (target.hasPaths ? "PUT" : "POST")
    mayBePipelined = method == "PUT"
    let example = try UploadRequest(
      target: target,
      mode: .stream,
      name: "a",
      size: 0,
      details: TreeDetails(group: group),
      configuration: configuration
    )
    hasToken = example.hasToken
    statesTime = !configuration.headers.contains { $0.name.lowercased() == "x-oc-mtime" }
    canLookUp =
      mayBePipelined && target.hasPaths
      && !configuration.headers.contains { ["if-match", "if-none-match", "range"].contains($0.name.lowercased()) }
    var headers = connector.forwarded(example.head).headers
    for name in ["content-type", "content-length", "expect"] { headers.remove(name: name) }
    // The user's own names all files alike.
    if !configuration.headers.contains(where: { $0.name.lowercased() == "content-disposition" }) {
      headers.remove(name: "content-disposition")
    }
    commonFields = headers.reduce(into: []) { bytes, field in bytes += "\(field.name): \(field.value)\r\n".utf8 }
  }

  /// Writes the request for one file: headers and body.
  func write(_ source: UploadSource, contentType: String, body: ByteBuffer, to buffer: inout ByteBuffer) {
    // One after the other: texts that are joined first would be copied twice.
    buffer.writeString(method)
    buffer.writeStaticString(" ")
    buffer.writeString(uriPrefix)
    buffer.writeString(uri(source))
    buffer.writeStaticString(" HTTP/1.1\r\n")
    buffer.writeBytes(commonFields)
    buffer.writeStaticString("Content-Type: ")
    buffer.writeString(contentType)
    buffer.writeStaticString("\r\nContent-Length: ")
    buffer.writeString(String(body.readableBytes))
    if statesTime, let modified = source.modified {
      buffer.writeStaticString("\r\nX-OC-Mtime: ")
      buffer.writeString(String(modified))
    }
    buffer.writeStaticString("\r\n")
    if !target.hasPaths, !configuration.headers.contains(where: { $0.name.lowercased() == "content-disposition" }) {
      let name = source.remotePath.map(SendTarget.lastComponent) ?? source.name
      let encoded = PercentEncoding.encode(NameBytes(lossless: name).bytes)
      buffer.writeString("Content-Disposition: attachment; filename*=UTF-8''\(encoded)\r\n")
    }
    buffer.writeStaticString("\r\n")
    buffer.writeImmutableBuffer(body)
  }

  /// How many bytes the request for one file has at most, if it has not grown; only a longer path than usual exceeds it.
  func estimatedSize(_ source: UploadSource) -> Int { Int(clamping: source.size ?? 0) + commonFields.count + 256 }

  /// The request that shows what the server has in place of a file.
  /// - Parameter size: bytes of the file.
  func lookUp(_ source: UploadSource, size: Int) -> ByteBuffer {
    var buffer = ByteBufferAllocator().buffer(capacity: 256 + commonFields.count)
    buffer.writeString("GET \(uriPrefix)\(uri(source)) HTTP/1.1\r\n")
    buffer.writeBytes(commonFields)
    // One byte more shows that the server's file is longer, however long it is. Nothing is a range of an empty file.
    if size > 0 { buffer.writeString("Range: bytes=0-\(size)\r\n") }
    buffer.writeString("\r\n")
    return buffer
  }

  /// A request of ``write(_:contentType:body:to:)`` that stores nothing if there is a file at its URL.
  /// - Parameter size: bytes of its body.
  func ifAbsent(_ request: ByteBuffer, size: Int) -> ByteBuffer {
    var (request, buffer) = (request, ByteBufferAllocator().buffer(capacity: request.readableBytes + 32))
    // Without the empty line.
    if var head = request.readSlice(length: request.readableBytes - size - 2) { buffer.writeBuffer(&head) }
    buffer.writeString("If-None-Match: *\r\n")
    buffer.writeBuffer(&request)
    return buffer
  }

  private func uri(_ source: UploadSource) -> String {
    target.hasPaths
      ? target.putURI(name: source.name, remotePath: source.remotePath)
      : target.path + (target.query.map { "?" + $0 } ?? "")
  }
}
