package import UploadProtocol

/// Where a running server can be reached.
package struct ServerAddress: Sendable, Equatable {
  /// For clients on this machine or its network: `http://127.0.0.1:8080`, with `https` where it speaks TLS.
  package var url: String
  package var port: Int
  /// The raw listener's port; nil without one.
  package var rawPort: Int?

  /// Of the certificate that clients see; nil without TLS.
  package var fingerprint: CertificateFingerprint?

  init(host: String, port: Int, rawPort: Int?, fingerprint: CertificateFingerprint? = nil) {
    // A zone's % is written %25 in a URL (RFC 6874).
    let written = host.contains(":") ? "[\(host.split(separator: "%").joined(separator: "%25"))]" : host
    url = "\(fingerprint == nil ? "http" : "https")://\(written):\(port)"
    self.port = port
    self.rawPort = rawPort
    self.fingerprint = fingerprint
  }
}
