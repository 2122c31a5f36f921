import Basics
import NIOHTTP1
import UploadCore

/// Builds the requests of a resumable upload from that of a plain one.
///
/// The creation has all fields of the plain request but those about its body. The others leave out what is about the file,
/// such as its name, its digests and conditions on the target.
struct ResumeRequests: Sendable {
  /// The draft's interop version.
  private static let interopVersion = "10"

  /// Fields about the body of one request.
  private static let bodyFields = ["content-length", "transfer-encoding", "expect"]

  /// Fields about the file or its target, which do not belong to the later requests.
  private static let fileFields = [
    "content-type", "content-disposition", "content-encoding", "content-language", "content-digest", "content-md5",
    "repr-digest", "digest", "if-match", "if-none-match", "if-modified-since", "if-unmodified-since", "if-range",
    "x-oc-mtime", "sluice-tree",
  ]

  /// Whether a header field is about a file, and not about the request or the server.
  /// - Parameter name: in any case.
  static func isAboutFile(_ name: String) -> Bool { (bodyFields + fileFields).contains(name.lowercased()) }

  /// The request that would send the file at once.
  private let plain: UploadRequest
  private let target: SendTarget
  /// The requested name (``NameBytes/losslessText``).
  private let name: String
  /// Bytes of the file; nil for a pipe that has not ended.
  var size: UInt64?
  /// Whether the server rejects appends without the draft's version.
  var requiresVersion = false
  /// Bodies of more bytes than this ask for `100 Continue`.
  private let continueThreshold: UInt64

  init(plain: UploadRequest, target: SendTarget, name: String, size: UInt64?, continueThreshold: UInt64) {
    (self.plain, self.target, self.name, self.size) = (plain, target, name, size)
    self.continueThreshold = continueThreshold
  }

  /// The path and query of the request that creates an upload: of the draft those of the plain request, of tus `/uploads` at a
  /// Sluice server, and the target's own path elsewhere.
  func creationURI(_ kind: ResumableProtocol) -> String {
    switch kind {
    case .draft: plain.head.uri
    case .tus: (target.path == "/" ? "/uploads" : target.path) + (target.query.map { "?" + $0 } ?? "")
    }
  }

  /// Asks what the server supports.
  func options(_ kind: ResumableProtocol) -> UploadRequest {
    request(.OPTIONS, creationURI(kind), common)
  }

  func request(_ kind: ResumableProtocol, _ step: ResumeStateMachine.Step) -> UploadRequest {
    switch step {
    case .create: return creation(kind)
    case .offset(let uri): return request(.HEAD, uri, versioned(kind, common))
    case .append(let uri, let range, let isLast):
      var headers = appending(kind, at: range.lowerBound, isLast: isLast)
      let count = range.upperBound - range.lowerBound
      headers.add(name: "Content-Length", value: "\(count)")
      if count > continueThreshold { headers.add(name: "Expect", value: "100-continue") }
      return request(.PATCH, uri, headers)
    case .rest(let uri, let start, let limit):
      var headers = appending(kind, at: start, isLast: limit == nil)
      headers.add(name: "Transfer-Encoding", value: "chunked")
      if limit ?? .max > continueThreshold { headers.add(name: "Expect", value: "100-continue") }
      return request(.PATCH, uri, headers)
    case .length(let uri, let offset, let length):
      var headers = appending(kind, at: offset, isLast: true)
      headers.add(name: "Upload-Length", value: "\(length)")
      headers.add(name: "Content-Length", value: "0")
      return request(.PATCH, uri, headers)
    }
  }

  /// Tells the server to delete the upload.
  func deletion(_ kind: ResumableProtocol, _ uri: String) -> UploadRequest {
    request(.DELETE, uri, versioned(kind, common))
  }

  // MARK: Parts

  /// The fields of a request that appends, apart from its framing.
  ///
  /// In the draft without the version, unless the server requires it: a server sends the interim status 104 only to clients that
  /// state one. This client does not need it, and some proxies (nginx 1.22) do not get past it.
  private func appending(_ kind: ResumableProtocol, at offset: UInt64, isLast: Bool) -> HTTPHeaders {
    var headers = kind == .draft && !requiresVersion ? common : versioned(kind, common)
    headers.add(name: "Upload-Offset", value: "\(offset)")
    // The upload may have been created by an earlier run, which was another tree.
    for tree in plain.head.headers["sluice-tree"] { headers.add(name: "Sluice-Tree", value: tree) }
    switch kind {
    case .draft:
      headers.add(name: "Upload-Complete", value: isLast ? "?1" : "?0")
      headers.add(name: "Content-Type", value: "application/partial-upload")
    case .tus: headers.add(name: "Content-Type", value: "application/offset+octet-stream")
    }
    return headers
  }

  private func creation(_ kind: ResumableProtocol) -> UploadRequest {
    var headers = versioned(kind, without(Self.bodyFields))
    // This request has no content. That of the file as a whole is the representation (RFC 9530 section 2).
    let digests = headers["content-digest"]
    headers.remove(name: "content-digest")
    if !headers.contains(name: "repr-digest") {
      for digest in digests { headers.add(name: "Repr-Digest", value: digest) }
    }
    headers.add(name: "Content-Length", value: "0")
    if let size { headers.add(name: "Upload-Length", value: "\(size)") }
    switch kind {
    case .draft:
      headers.add(name: "Upload-Complete", value: "?0")
      return request(plain.head.method, creationURI(kind), headers)
    case .tus:
      if size == nil { headers.add(name: "Upload-Defer-Length", value: "1") }
      headers.remove(name: "content-type")
      headers.remove(name: "content-disposition")
      headers.add(name: "Upload-Metadata", value: metadata)
      return request(.POST, creationURI(kind), headers)
    }
  }

  /// `Upload-Metadata` of tus. Values are any bytes in Base64: also names that are not UTF-8.
  private var metadata: String {
    let details = plain.details
    let name = Base64.encode(NameBytes(lossless: details.remotePath ?? name).bytes)
    var metadata = "filename \(name),filetype \(Base64.encode(Array(plain.contentType.utf8)))"
    // A Sluice server keeps the slashes of the name with either of the two.
    if details.remotePath != nil { metadata += ",relativePath \(name)" }
    if let modified = details.modified { metadata += ",mtime \(Base64.encode(Array("\(modified)".utf8)))" }
    return metadata
  }

  /// The fields of every request: host, authorization and those of the user that are not about the file.
  private var common: HTTPHeaders { without(Self.bodyFields + Self.fileFields) }

  private func without(_ names: [String]) -> HTTPHeaders {
    var headers = plain.head.headers
    for name in names { headers.remove(name: name) }
    return headers
  }

  private func versioned(_ kind: ResumableProtocol, _ headers: HTTPHeaders) -> HTTPHeaders {
    var headers = headers
    switch kind {
    case .draft: headers.replaceOrAdd(name: "Upload-Draft-Interop-Version", value: Self.interopVersion)
    case .tus: headers.replaceOrAdd(name: "Tus-Resumable", value: "1.0.0")
    }
    return headers
  }

  private func request(_ method: HTTPMethod, _ uri: String, _ headers: HTTPHeaders) -> UploadRequest {
    let head = HTTPRequestHead(version: .http1_1, method: method, uri: uri, headers: headers)
    return UploadRequest(head: head, contentType: plain.contentType)
  }
}
