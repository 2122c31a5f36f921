import HTTPExchange
import UploadProtocol

/// Where the objects of a bucket are: the origin to connect to, and paths for it.
struct S3Location: Sendable {
  /// The server that is connected to; with virtual addressing its name begins with the bucket's.
  let origin: HTTPOrigin
  /// The percent-encoded path of the bucket, without a slash at its end: empty with virtual addressing.
  private let root: String

  init(_ configuration: S3Configuration) {
    let endpoint = configuration.endpoint
    let host: String
    switch configuration.addressing {
    case .path: (host, root) = (endpoint.address.host, "/" + PercentEncoding.encode(configuration.bucket))
    case .virtual: (host, root) = ("\(configuration.bucket).\(endpoint.address.host)", "")
    }
    origin = HTTPOrigin(
      isSecure: endpoint.isSecure,
      host: host,
      port: endpoint.address.port,
      trust: configuration.trust
    )
  }

  /// The percent-encoded path of the bucket or of an object.
  /// - Parameter key: nil for the bucket.
  func path(_ key: String?) -> String {
    guard let key else { return root.isEmpty ? "/" : root }
    return "\(root)/\(Self.encoded(key))"
  }

  /// A key as it is put into paths: every byte that is not unreserved is escaped, except slashes, of which none is removed
  /// or added.
  static func encoded(_ key: String) -> String {
    key.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
      .map { PercentEncoding.encode($0) }.joined(separator: "/")
  }
}
