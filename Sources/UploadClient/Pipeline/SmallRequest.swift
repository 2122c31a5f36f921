import NIOCore
import NIOHTTP1
import UploadCore
import UploadProtocol

/// Formats the requests of small files, each with its body in one buffer. What they have in common is formatted once.
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

  /// - Throws: ``UploadError`` with code `badValue` when the configuration is invalid.
  init(
    connector: ServerConnector,
    group: UploadGroup?,
    configuration: UploadClientConfiguration
  ) throws(UploadError) {
    let target = connector.target
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
    var headers = connector.forwarded(example.head).headers
    for name in ["content-type", "content-length", "expect"] { headers.remove(name: name) }
    // The user's own names all files alike.
    if !configuration.headers.contains(where: { $0.name.lowercased() == "content-disposition" }) {
      headers.remove(name: "content-disposition")
    }
    commonFields = headers.reduce(into: []) { bytes, field in bytes += "\(field.name): \(field.value)\r\n".utf8 }
  }

  /// The request for one file: headers and body.
  func buffer(_ source: UploadSource, contentType: String, body: ByteBuffer) -> ByteBuffer {
    var buffer = ByteBufferAllocator().buffer(capacity: 512 + commonFields.count + body.readableBytes)
    buffer.writeString("\(method) \(uriPrefix)\(uri(source)) HTTP/1.1\r\n")
    buffer.writeBytes(commonFields)
    buffer.writeString("Content-Type: \(contentType)\r\nContent-Length: \(body.readableBytes)\r\n")
    if statesTime, let modified = source.modified { buffer.writeString("X-OC-Mtime: \(modified)\r\n") }
    if !target.hasPaths, !configuration.headers.contains(where: { $0.name.lowercased() == "content-disposition" }) {
      let name = source.remotePath.map(SendTarget.lastComponent) ?? source.name
      let encoded = PercentEncoding.encode(NameBytes(lossless: name).bytes)
      buffer.writeString("Content-Disposition: attachment; filename*=UTF-8''\(encoded)\r\n")
    }
    buffer.writeString("\r\n")
    buffer.writeImmutableBuffer(body)
    return buffer
  }

  private func uri(_ source: UploadSource) -> String {
    target.hasPaths
      ? target.putURI(name: source.name, remotePath: source.remotePath)
      : target.path + (target.query.map { "?" + $0 } ?? "")
  }
}
