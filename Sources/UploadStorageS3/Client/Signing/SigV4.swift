import Crypto
import UploadCore
import UploadProtocol

/// Signs requests to S3 with AWS Signature Version 4, for one key and region.
///
/// The rules: "Authenticating Requests (AWS Signature Version 4)" in Amazon's S3 API reference. Unlike for other services,
/// paths are encoded once and never normalized.
struct SigV4: Sendable {
  /// The keys.
  let credentials: S3Credentials
  /// The region of the engine.
  let region: String

  /// What of a request is signed.
  struct Request {
    var method: String
    /// The percent-encoded path, exactly as it is sent.
    var path: String
    var query = S3Query()
    /// The fields to sign, `host` among them; names in lower case, values without blanks at either end and without two in
    /// succession. The session token is added where there is one.
    var headers: [(name: String, value: String)]
    /// The value of `x-amz-content-sha256`: the lower-case hexadecimal digest of the body, or ``unsignedPayload``.
    var payload: String
  }

  /// The digest that stands for a body that is not signed.
  static let unsignedPayload = "UNSIGNED-PAYLOAD"
  /// The digest of no bytes.
  static let emptyPayload = Hexadecimal.text(SHA256.hash(data: [UInt8]()))

  private static let algorithm = "AWS4-HMAC-SHA256"

  /// The header fields that authenticate a request: `x-amz-date`, `x-amz-content-sha256`, `authorization`, and
  /// `x-amz-security-token` of temporary credentials.
  /// - Parameter time: of the signature, in seconds since 1970.
  func fields(_ request: Request, at time: Int64) -> [(name: String, value: String)] {
    var added = [(name: "x-amz-content-sha256", value: request.payload), (name: "x-amz-date", value: Self.date(time))]
    if let token = credentials.sessionToken { added.append((name: "x-amz-security-token", value: token)) }
    let headers = Self.sorted(request.headers + added)
    let names = headers.map(\.name).joined(separator: ";")
    let canonical = Self.canonicalRequest(request, query: request.query.canonicalText, headers: headers, names: names)
    let credential = "\(credentials.accessKeyID)/\(scope(time))"
    let signature = signature(canonical, at: time)
    let value = "\(Self.algorithm) Credential=\(credential), SignedHeaders=\(names), Signature=\(signature)"
    return added + [(name: "authorization", value: value)]
  }

  /// The query with which a URL authenticates its user: all parameters, in the order to send them.
  /// - Parameters:
  ///   - request: its ``Request/payload`` is ignored: the body is not signed.
  ///   - expires: how long the URL is valid, in seconds; 1 to 604,800.
  func presignedQuery(_ request: Request, at time: Int64, expires: Int) -> String {
    let headers = Self.sorted(request.headers)
    let names = headers.map(\.name).joined(separator: ";")
    var query = request.query
    query.add("X-Amz-Algorithm", Self.algorithm)
    query.add("X-Amz-Credential", "\(credentials.accessKeyID)/\(scope(time))")
    query.add("X-Amz-Date", Self.date(time))
    query.add("X-Amz-Expires", "\(expires)")
    query.add("X-Amz-SignedHeaders", names)
    if let token = credentials.sessionToken { query.add("X-Amz-Security-Token", token) }
    var unsigned = request
    unsigned.payload = Self.unsignedPayload
    let text = query.canonicalText
    let canonical = Self.canonicalRequest(unsigned, query: text, headers: headers, names: names)
    return "\(text)&X-Amz-Signature=\(signature(canonical, at: time))"
  }

  // MARK: Steps

  static func canonicalRequest(
    _ request: Request,
    query: String,
    headers: [(name: String, value: String)],
    names: String
  ) -> String {
    let fields = headers.map { "\($0.name):\($0.value)\n" }.joined()
    return "\(request.method)\n\(request.path)\n\(query)\n\(fields)\n\(names)\n\(request.payload)"
  }

  /// The key of one day, region and service (here for any service, so that published examples can be tested).
  static func signingKey(secret: String, day: String, region: String, service: String) -> SymmetricKey {
    [day, region, service, "aws4_request"].reduce(SymmetricKey(data: Array("AWS4\(secret)".utf8))) { key, text in
      SymmetricKey(data: HMAC<SHA256>.authenticationCode(for: Array(text.utf8), using: key))
    }
  }

  private func signature(_ canonical: String, at time: Int64) -> String {
    let digest = Hexadecimal.text(SHA256.hash(data: Array(canonical.utf8)))
    let text = "\(Self.algorithm)\n\(Self.date(time))\n\(scope(time))\n\(digest)"
    let key = Self.signingKey(secret: credentials.secretAccessKey, day: Self.day(time), region: region, service: "s3")
    return Hexadecimal.text(HMAC<SHA256>.authenticationCode(for: Array(text.utf8), using: key))
  }

  private func scope(_ time: Int64) -> String { "\(Self.day(time))/\(region)/s3/aws4_request" }

  private static func sorted(_ headers: [(name: String, value: String)]) -> [(name: String, value: String)] {
    headers.sorted { $0.name < $1.name }
  }

  /// `20130524T000000Z`
  private static func date(_ time: Int64) -> String {
    String(decoding: HTTPDate.internetText(time).utf8.filter { !"-:".utf8.contains($0) }, as: UTF8.self)
  }

  /// `20130524`
  private static func day(_ time: Int64) -> String { String(date(time).prefix(8)) }
}
