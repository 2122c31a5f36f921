import NIOCore
import NIOHTTP1
import UploadCore
import UploadProtocol

/// One upload as an HTTP request: the request head, and the parts of its body before and after the file's content.
struct UploadRequest: Sendable {
  /// The values that a request is made from.
  struct Parameters {
    var target: SendTarget
    var mode: UploadMode
    /// The requested name; it may contain bytes that are not UTF-8 (``NameBytes/losslessText``).
    var name: String
    /// Bytes of content; nil when it is known only at the source's end.
    var size: UInt64?
    /// The media type that the file's first bytes show; nil when they show none, or were not read.
    var detectedType: String?
    var configuration: UploadClientConfiguration
  }

  /// For a file of unknown type (RFC 2046 section 4.5.1).
  static let unknownType = "application/octet-stream"

  var head: HTTPRequestHead
  /// Bytes of the body before the content: the other fields of a form and the headers of the file's part; empty in stream mode.
  let prefix: [UInt8]
  /// Bytes of the body after the content: a form's end; empty in stream mode.
  let suffix: [UInt8]
  /// The media type declared for the content.
  let contentType: String

  /// Bytes of the body besides the content.
  var framingBytes: Int { prefix.count + suffix.count }

  /// Whether the file is a part of a form.
  var isForm: Bool { !suffix.isEmpty }

  /// Whether the body waits for `100 Continue`, at most for ``UploadClientConfiguration/continueTimeout``.
  var expectsContinue: Bool { head.headers.contains(name: "expect") }

  /// - Throws: ``UploadError`` with code `badValue` (see ``UploadClientConfiguration/validate()``).
  init(_ parameters: Parameters) throws(UploadError) {
    let configuration = parameters.configuration
    try configuration.validate()
    guard parameters.mode != .raw else {
      throw UploadError(.badValue, "A client sends in the mode stream, multipart or buffered, not raw.")
    }
    contentType = Self.contentType(parameters)
    let boundary = parameters.mode == .stream ? nil : MultipartBoundary.random()
    var (prefix, suffix): ([UInt8], [UInt8]) = ([], [])
    if let boundary {
      let writer = MultipartWriter(boundary: boundary)
      // Before the file: some servers (S3 among them) ignore fields after it.
      for field in configuration.formValues {
        prefix += writer.field(name: field.name, value: field.value, isFirst: prefix.isEmpty)
      }
      prefix += writer.head(
        fieldName: configuration.formField,
        filename: NameBytes(lossless: parameters.name),
        contentType: contentType,
        isFirst: prefix.isEmpty
      )
      suffix = writer.tail
    }
    self.prefix = prefix
    self.suffix = suffix
    let framing = UInt64(prefix.count + suffix.count)
    let length = parameters.size.map { $0 + framing }
    let (method, uri) = parameters.target.request(
      mode: parameters.mode,
      name: parameters.name,
      method: configuration.method
    )
    head = HTTPRequestHead(
      version: .http1_1,
      method: HTTPMethod(rawValue: method),
      uri: uri,
      headers: Self.headers(parameters, method: method, type: boundary?.contentType ?? contentType, length: length)
    )
  }

  /// A Content-Type among the extra headers is the file's, in forms as well: the form's own type must name its boundary.
  private static func contentType(_ parameters: Parameters) -> String {
    parameters.configuration.headers.last { $0.name.lowercased() == "content-type" }?.value
      ?? parameters.configuration.contentType
      ?? MediaTypeNames.best(detected: parameters.detectedType, declared: nil, fileName: parameters.name)
      ?? unknownType
  }

  private static func headers(_ parameters: Parameters, method: String, type: String, length: UInt64?) -> HTTPHeaders {
    let configuration = parameters.configuration
    var headers: HTTPHeaders = [
      "Host": parameters.target.hostField,
      "User-Agent": "sluice",
      "Accept": "application/json",
      "Content-Type": type,
    ]
    // Carries the name where neither the path nor a form does (RFC 6266).
    if parameters.mode == .stream, method == "POST" {
      headers.add(
        name: "Content-Disposition",
        value: "attachment; filename*=UTF-8''\(PercentEncoding.encode(NameBytes(lossless: parameters.name).bytes))"
      )
    }
    if let field = parameters.target.authorization { headers.add(name: field.name, value: field.value) }
    // All usual fields of these names are removed before any is added, so that the user may add several fields of one name.
    let extra = configuration.headers.filter { $0.name.lowercased() != "content-type" }
    for field in extra { headers.remove(name: field.name) }
    for field in extra { headers.add(name: field.name, value: field.value) }
    // The framing (RFC 9112 section 6) is set last: no field of the user can change it.
    if let length {
      headers.replaceOrAdd(name: "Content-Length", value: "\(length)")
    } else {
      headers.replaceOrAdd(name: "Transfer-Encoding", value: "chunked")
    }
    if length ?? .max > configuration.continueThreshold {
      headers.replaceOrAdd(name: "Expect", value: "100-continue")
    }
    headers.replaceOrAdd(name: "Connection", value: "close")
    return headers
  }
}
