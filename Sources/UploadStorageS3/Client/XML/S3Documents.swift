import UploadCore
import UploadProtocol

/// The XML documents of requests and responses.
enum S3Documents {
  /// The body of a request that completes a multipart upload.
  static func completion(of parts: [S3Part]) -> String {
    let list = parts.map { part in
      let tag = MarkupText.escaped(S3Tag.quoted(part.tag))
      return "<Part><PartNumber>\(part.number)</PartNumber><ETag>\(tag)</ETag></Part>"
    }
    return "<CompleteMultipartUpload xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">"
      + list.joined() + "</CompleteMultipartUpload>"
  }

  /// A page of a `ListBucketResult`; nil when it is no such document, or an incomplete one.
  static func listing(_ root: XMLElement) -> S3ListingPage? {
    guard root.name == "ListBucketResult" else { return nil }
    let names = KeyDecoder(root)
    var page = S3ListingPage()
    for element in root.all("Contents") {
      guard let key = element["Key"].flatMap({ names.decoded($0.text) }),
        let size = element["Size"].flatMap({ UInt64($0.text) }),
        let modified = element["LastModified"].flatMap({ S3Date.seconds($0.text) })
      else { return nil }
      page.objects.append(
        S3Object(key: key, size: size, modified: modified, tag: S3Tag.unquoted(element["ETag"]?.text ?? ""))
      )
    }
    for element in root.all("CommonPrefixes") {
      guard let prefix = element["Prefix"].flatMap({ names.decoded($0.text) }) else { return nil }
      page.prefixes.append(prefix)
    }
    if isTruncated(root) {
      guard let token = root["NextContinuationToken"]?.text, !token.isEmpty else { return nil }
      page.continuation = token
    }
    return page
  }

  /// A page of the parts of a multipart upload, and the number after which the next page begins.
  static func parts(_ root: XMLElement) -> (parts: [S3Part], next: Int?)? {
    guard root.name == "ListPartsResult" else { return nil }
    var parts: [S3Part] = []
    for element in root.all("Part") {
      guard let number = element["PartNumber"].flatMap({ Int($0.text) }), number > parts.last?.number ?? 0,
        let size = element["Size"].flatMap({ UInt64($0.text) })
      else { return nil }
      parts.append(S3Part(number: number, size: size, tag: S3Tag.unquoted(element["ETag"]?.text ?? "")))
    }
    guard isTruncated(root) else { return (parts, nil) }
    guard let last = parts.last else { return nil }
    // Some engines state no marker, or that of the page's beginning.
    return (parts, max(last.number, root["NextPartNumberMarker"].flatMap { Int($0.text) } ?? 0))
  }

  /// The id of a new multipart upload.
  static func uploadID(_ root: XMLElement) -> String? {
    guard root.name == "InitiateMultipartUploadResult", let id = root["UploadId"]?.text, !id.isEmpty else { return nil }
    return id
  }

  /// Whether it says that a multipart upload was completed.
  static func isCompletion(_ root: XMLElement) -> Bool { root.name == "CompleteMultipartUploadResult" }

  private static func isTruncated(_ root: XMLElement) -> Bool { root["IsTruncated"]?.text.lowercased() == "true" }

  /// Decodes the keys of one document: some engines percent-encode them without being asked to.
  private struct KeyDecoder {
    private let isEncoded: Bool

    init(_ root: XMLElement) { isEncoded = root["EncodingType"]?.text == "url" }

    /// - Returns: nil for a key whose escapes are malformed.
    func decoded(_ text: String) -> String? {
      guard isEncoded else { return text }
      return PercentEncoding.decodedBytes(text.utf8, plusIsSpace: true).flatMap {
        String(validating: $0, as: UTF8.self)
      }
    }
  }
}

/// What the body of an error response says.
struct S3ErrorDocument: Sendable, Equatable {
  /// Such as `NoSuchKey`; not empty.
  var code: String
  /// May be empty.
  var message = ""
  /// The one in which the bucket is.
  var region: String?
  /// The host at which the bucket is reached.
  var endpoint: String?

  init(code: String, message: String = "", region: String? = nil, endpoint: String? = nil) {
    (self.code, self.message, self.region, self.endpoint) = (code, message, region, endpoint)
  }

  /// Nil for any other document.
  init?(_ root: XMLElement) {
    // Engines behind gateways have been seen to wrap the element.
    guard let error = root.name == "Error" ? root : root.name == "ErrorResponse" ? root["Error"] : nil,
      let code = error["Code"]?.text, !code.isEmpty
    else { return nil }
    func text(_ name: String) -> String? { error[name].flatMap { $0.text.isEmpty ? nil : $0.text } }
    self.init(code: code, message: text("Message") ?? "", region: text("Region"), endpoint: text("Endpoint"))
  }
}

/// Entity tags as engines write them. What they contain is never interpreted: they may be digests, composite, random or
/// empty.
enum S3Tag {
  /// The text of a tag without the quotes, which some engines omit, and without the mark of a weak one.
  static func unquoted(_ text: String) -> String {
    var rest = text[...]
    if rest.hasPrefix("W/") { rest = rest.dropFirst(2) }
    guard rest.count >= 2, rest.hasPrefix("\""), rest.hasSuffix("\"") else { return String(rest) }
    return String(rest.dropFirst().dropLast())
  }

  /// The tag as requests state it.
  static func quoted(_ tag: String) -> String { "\"\(tag)\"" }
}

/// Dates in the documents of engines: `2026-11-30T18:00:00.000Z`, with a fraction or without.
enum S3Date {
  /// Seconds since 1970; nil for other text.
  static func seconds(_ text: String) -> Int64? {
    let whole = text.prefix { $0 != "." && $0 != "Z" }
    guard text.hasSuffix("Z"),
      text[whole.endIndex...].dropFirst().dropLast().utf8.allSatisfy({ (0x30...0x39).contains($0) })
    else { return nil }
    return HTTPDate.secondsOfInternetText(whole + "Z")
  }
}
