import NIOCore
import NIOHTTP1
import UploadCore
import UploadProtocol

/// One upload as an HTTP request: the request head, and the parts of its body before and after the file's content.
struct UploadRequest: Sendable {
  var head: HTTPRequestHead
  /// Bytes of the body before the content: the other fields of a form and the headers of the file's part; empty in stream mode.
  let prefix: [UInt8]
  /// Bytes of the body after the content: a form's end; empty in stream mode.
  let suffix: [UInt8]
  /// The media type declared for the content.
  let contentType: String
  /// What it states about a file of a tree.
  let details: TreeDetails

  /// Bytes of a form before and after the content; 0 in stream mode.
  var framingBytes: Int { prefix.count + suffix.count }

  /// Whether the file is a part of a form.
  var isForm: Bool { !suffix.isEmpty }

  /// Whether the body waits for `100 Continue`, at most for ``UploadClientConfiguration/continueTimeout``.
  var expectsContinue: Bool { head.headers.contains(name: "expect") }

  /// Whether the request carries an access token: it has an Authorization field, or `token` in the query of the URL.
  var hasToken: Bool {
    head.headers.contains(name: "authorization")
      || head.uri.split { "?&".contains($0) }.dropFirst().contains { $0.hasPrefix("token=") }
  }

  /// A request of a resumable upload.
  /// - Parameters:
  ///   - head: with its framing fields.
  ///   - contentType: the media type declared for the file.
  init(head: HTTPRequestHead, contentType: String) {
    (self.head, self.contentType, details) = (head, contentType, TreeDetails())
    (prefix, suffix) = ([], [])
  }

  /// - Parameters:
  ///   - mode: `resumable` makes the request that would send the file at once, as `stream` does.
  ///   - name: the requested name; it may contain bytes that are not UTF-8 (``NameBytes/losslessText``).
  ///   - size: bytes of content; nil when it is known only at the source's end.
  ///   - detectedType: the media type that the file's first bytes show; nil when they show none, or were not read.
  ///   - details: of a file of a tree. Its path is requested in place of the name.
  /// - Throws: ``UploadError`` with code `badValue` when the mode is `raw`, or the configuration is invalid
  ///   (``UploadClientConfiguration/validate()``).
  init(
    target: SendTarget,
    mode: UploadMode,
    name: String,
    size: UInt64?,
    detectedType: String? = nil,
    details: TreeDetails = TreeDetails(),
    configuration: UploadClientConfiguration
  ) throws(UploadError) {
    try configuration.validate()
    let mode = mode == .resumable ? .stream : mode
    guard mode != .raw else {
      throw UploadError(.badValue, "A client sends in the mode stream, resumable, multipart or buffered, not raw.")
    }
    // A Content-Type among the extra headers is the file's, in forms as well: the form's own type must name its boundary.
    let type = Self.contentType(name: name, detectedType: detectedType, configuration)
    let baseName = details.remotePath.map(SendTarget.lastComponent) ?? name
    let boundary = mode == .stream ? nil : MultipartBoundary.random()
    var (prefix, suffix): ([UInt8], [UInt8]) = ([], [])
    if let boundary {
      let writer = MultipartWriter(boundary: boundary)
      // Before the file: some servers (S3 among them) ignore fields after it.
      for field in configuration.formValues {
        prefix += writer.field(name: field.name, value: field.value, isFirst: prefix.isEmpty)
      }
      prefix += writer.head(
        fieldName: configuration.formField,
        // A Sluice server keeps the path, as the request asks; others expect a name.
        filename: NameBytes(lossless: target.path == "/" ? details.remotePath ?? name : baseName),
        contentType: type,
        isFirst: prefix.isEmpty
      )
      suffix = writer.tail
    }
    contentType = type
    self.details = details
    (self.prefix, self.suffix) = (prefix, suffix)
    let (method, uri) = target.request(
      mode: mode,
      name: name,
      remotePath: details.remotePath,
      method: configuration.method
    )
    var headers: HTTPHeaders = [
      "Host": target.hostField, "User-Agent": "sluice", "Accept": "application/json",
      "Content-Type": boundary?.contentType ?? type,
    ]
    for field in details.fields { headers.add(name: field.name, value: field.value) }
    // Carries the name where neither the path nor a form does (RFC 6266).
    if mode == .stream, method == "POST" {
      let encoded = PercentEncoding.encode(NameBytes(lossless: baseName).bytes)
      headers.add(name: "Content-Disposition", value: "attachment; filename*=UTF-8''\(encoded)")
    }
    if let field = target.authorization { headers.add(name: field.name, value: field.value) }
    if let key = target.processKey { headers.add(name: "Sluice-Process", value: key) }
    // All usual fields of these names are removed before any is added, so that the user may add several fields of one name.
    let extra = configuration.headers.filter { $0.name.lowercased() != "content-type" }
    for field in extra { headers.remove(name: field.name) }
    for field in extra { headers.add(name: field.name, value: field.value) }
    // The framing (RFC 9112 section 6) is set last: no field of the user can change it.
    let length = size.map { $0 + UInt64(prefix.count + suffix.count) }
    if let length {
      headers.replaceOrAdd(name: "Content-Length", value: "\(length)")
    } else {
      headers.replaceOrAdd(name: "Transfer-Encoding", value: "chunked")
    }
    if length ?? .max > configuration.continueThreshold {
      headers.replaceOrAdd(name: "Expect", value: "100-continue")
    }
    head = HTTPRequestHead(version: .http1_1, method: HTTPMethod(rawValue: method), uri: uri, headers: headers)
  }

  /// The media type to declare for a file; the last choice is for files of unknown type (RFC 2046 section 4.5.1).
  static func contentType(
    name: String,
    detectedType: String?,
    _ configuration: UploadClientConfiguration
  ) -> String {
    configuration.headers.last { $0.name.lowercased() == "content-type" }?.value
      ?? configuration.contentType
      ?? MediaTypeNames.best(detected: detectedType, declared: nil, fileName: name)
      ?? "application/octet-stream"
  }
}
