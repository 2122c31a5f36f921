import NIOCore
import NIOHTTP1

extension S3Request {
  /// Forbids replacing an object.
  private static let ifAbsent = [(name: "if-none-match", value: "*")]

  /// Stores an object.
  static func put(_ key: String, _ body: S3Body, _ headers: S3ObjectHeaders, ifAbsent: Bool) -> S3Request {
    let fields = headers.fields + (ifAbsent ? Self.ifAbsent : [])
    return S3Request(operation: .putObject, method: .PUT, key: key, headers: fields, body: body)
  }

  /// Begins a multipart upload.
  static func createMultipart(_ key: String, _ headers: S3ObjectHeaders) -> S3Request {
    S3Request(
      operation: .createMultipartUpload,
      method: .POST,
      key: key,
      query: ["uploads": nil],
      headers: headers.fields
    )
  }

  /// Stores a part.
  static func uploadPart(_ key: String, uploadID: String, number: Int, _ body: S3Body) -> S3Request {
    S3Request(
      operation: .uploadPart,
      method: .PUT,
      key: key,
      query: ["partNumber": "\(number)", "uploadId": uploadID],
      body: body
    )
  }

  /// Makes an object of parts.
  static func completeMultipart(_ key: String, uploadID: String, parts: [S3Part], ifAbsent: Bool) -> S3Request {
    S3Request(
      operation: .completeMultipartUpload,
      method: .POST,
      key: key,
      query: ["uploadId": uploadID],
      headers: [("content-type", "application/xml")] + (ifAbsent ? Self.ifAbsent : []),
      body: .bytes(ByteBuffer(string: S3Documents.completion(of: parts)))
    )
  }

  /// Deletes a multipart upload with its parts.
  static func abortMultipart(_ key: String, uploadID: String) -> S3Request {
    S3Request(operation: .abortMultipartUpload, method: .DELETE, key: key, query: ["uploadId": uploadID])
  }

  /// - Parameter marker: the part after which the page begins; 0 for the first page.
  static func listParts(_ key: String, uploadID: String, after marker: Int) -> S3Request {
    var query: S3Query = ["uploadId": uploadID, "max-parts": "1000"]
    if marker > 0 { query.add("part-number-marker", "\(marker)") }
    return S3Request(operation: .listParts, method: .GET, key: key, query: query)
  }

  /// Describes an object.
  static func head(_ key: String) -> S3Request { S3Request(operation: .headObject, method: .HEAD, key: key) }

  /// - Parameters:
  ///   - start: the first byte; nil for the whole object.
  ///   - end: the byte behind the last one, beyond `start`; nil for that of the object.
  static func get(_ key: String, from start: UInt64? = nil, to end: UInt64? = nil, ifMatch tag: String? = nil)
    -> S3Request
  {
    var headers: [(name: String, value: String)] = []
    if let start { headers.append(("range", "bytes=\(start)-\(end.map { "\($0 - 1)" } ?? "")")) }
    if let tag, !tag.isEmpty { headers.append(("if-match", S3Tag.quoted(tag))) }
    return S3Request(operation: .getObject, method: .GET, key: key, headers: headers)
  }

  /// - Parameter limit: the most objects and prefixes, up to 1,000.
  static func list(prefix: String, delimiter: String?, continuation: String?, limit: Int = 1_000) -> S3Request {
    var query: S3Query = ["list-type": "2", "prefix": prefix, "max-keys": "\(limit)"]
    if let delimiter { query.add("delimiter", delimiter) }
    if let continuation { query.add("continuation-token", continuation) }
    return S3Request(operation: .listObjects, method: .GET, query: query)
  }

  /// Deletes an object.
  static func delete(_ key: String) -> S3Request {
    S3Request(operation: .deleteObject, method: .DELETE, key: key)
  }
}
