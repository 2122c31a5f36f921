import Crypto
import HTTPExchange
import NIOCore
import NIOHTTP1
import UploadCore

/// Requests that wait for each other, but not for those of other lanes.
enum S3Lane: Sendable {
  /// Those that send much, or take long.
  case transfers
  /// Those that send and receive little. Leases, which must be renewed within seconds, are among them.
  case short
  /// Those whose response is streamed: a slow receiver needs its connection for long.
  case streams
}

/// One request to the bucket or to an object of it, before it is signed.
struct S3Request: Sendable {
  /// Counted under this name.
  let operation: S3Operation
  /// Of HTTP.
  let method: HTTPMethod
  /// The key of the object; nil for the bucket.
  var key: String?
  /// The parameters, all of them signed.
  var query = S3Query()
  /// The header fields of the operation, all of them signed; names in lower case, values as ``SigV4/Request/headers`` needs
  /// them.
  var headers: [(name: String, value: String)] = []
  /// What is sent; empty for most.
  var body = S3Body.bytes(ByteBuffer())

  /// Whether it has a body, which may be empty, so that its length must be stated.
  var hasBody: Bool { method == .PUT || method == .POST }

  /// The most bytes of a body that count as few, in bytes.
  private static let shortBody: UInt64 = 64 << 10

  /// What it waits for before it is sent.
  var lane: S3Lane {
    switch operation {
    // A completion has a small body, but engines may need minutes for it.
    case .uploadPart, .completeMultipartUpload: .transfers
    case .putObject: body.length > Self.shortBody ? .transfers : .short
    case .createMultipartUpload, .abortMultipartUpload, .listParts, .headObject, .getObject, .listObjects,
      .deleteObject:
      .short
    }
  }

  /// The digest to sign.
  /// - Parameter isEncrypted: whether TLS protects the body. Then a file is not signed: its digest would cost both sides time
  ///   and show nothing more.
  func payload(isEncrypted: Bool) -> String {
    switch body {
    case .bytes(let buffer):
      buffer.readableBytes == 0
        ? SigV4.emptyPayload : Hexadecimal.text(SHA256.hash(data: Array(buffer.readableBytesView)))
    case .file(_, _, _, let sha256): isEncrypted ? SigV4.unsignedPayload : Hexadecimal.text(sha256)
    }
  }

  /// The method, path and headers to send, with everything but what a proxy needs.
  /// - Parameter time: of the signature, in seconds since 1970.
  func head(at location: S3Location, signer: SigV4, time: Int64) -> HTTPRequestHead {
    let path = location.path(key)
    let signed: [(name: String, value: String)] = [("host", location.origin.hostField)] + headers
    let authentication = signer.fields(
      SigV4.Request(
        method: method.rawValue,
        path: path,
        query: query,
        headers: signed,
        payload: payload(isEncrypted: location.origin.isSecure)
      ),
      at: time
    )
    var fields = HTTPHeaders((signed + authentication).map { ($0.name, $0.value) })
    // Neither is signed: proxies may change them.
    fields.add(name: "user-agent", value: "sluice")
    if hasBody { fields.add(name: "content-length", value: "\(body.length)") }
    let text = query.text
    let uri = text.isEmpty ? path : "\(path)?\(text)"
    return HTTPRequestHead(version: .http1_1, method: method, uri: uri, headers: fields)
  }
}

extension S3ObjectHeaders {
  /// The header fields that store these.
  var fields: [(name: String, value: String)] {
    var fields = metadata.sorted { $0.key < $1.key }
      .map { (name: "x-amz-meta-\($0.key)", value: S3FieldText.encoded($0.value)) }
    if let type = contentType.flatMap(S3FieldText.mediaType) { fields.append((name: "content-type", value: type)) }
    return fields
  }
}
