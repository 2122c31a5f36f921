package import HTTPExchange
package import UploadCore

/// Where an engine listens: the parsed URL of `--s3-endpoint`.
package struct S3Endpoint: Sendable, Equatable {
  /// Whether it speaks https.
  package let isSecure: Bool
  /// To connect to.
  package let address: HostAndPort

  package init(isSecure: Bool, address: HostAndPort) {
    (self.isSecure, self.address) = (isSecure, address)
  }

  /// Amazon's own end point for a region.
  package static func amazon(region: String) -> S3Endpoint {
    let suffix = region.hasPrefix("cn-") ? ".cn" : ""
    return S3Endpoint(isSecure: true, address: HostAndPort(host: "s3.\(region).amazonaws.com\(suffix)", port: 443))
  }

  /// Parses `http://HOST[:PORT]` or `https://HOST[:PORT]`, perhaps with a slash at its end. Without a scheme it is https.
  /// - Throws: ``UploadError`` with code `badURL`.
  package init(_ url: String) throws(UploadError) {
    var rest = url[...]
    var isSecure = true
    if let colon = url.firstRange(of: "://") {
      let scheme = url[..<colon.lowerBound].lowercased()
      guard ["http", "https"].contains(scheme) else {
        throw Self.malformed(url, "begins with neither http:// nor https://")
      }
      isSecure = scheme == "https"
      rest = url[colon.upperBound...]
    }
    let authority = rest.prefix { !"/?#".contains($0) }
    guard rest[authority.endIndex...].allSatisfy({ $0 == "/" }) else {
      throw Self.malformed(url, "has a path or a query after its host; name the bucket with --store")
    }
    do throws(MalformedAuthority) {
      let (host, port) = try HostAndPort.parse(authority)
      self.init(isSecure: isSecure, address: HostAndPort(host: host, port: port ?? (isSecure ? 443 : 80)))
    } catch {
      switch error {
      case .credentials: throw Self.malformed(url, "has a user name or a password; set AWS_ACCESS_KEY_ID instead")
      case .malformed(let reason): throw Self.malformed(url, reason)
      }
    }
  }

  private static func malformed(_ url: String, _ reason: String) -> UploadError {
    // A URL may contain a password.
    let text = url.contains("@") ? "The S3 end point" : "The S3 end point \"\(PlainText.sanitized(url))\""
    return UploadError(.badURL, "\(text) \(reason). Write for example https://s3.example:8080.")
  }
}
