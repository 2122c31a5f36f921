package import UploadProtocol

/// What the user may choose about the server.
package struct ServerConfiguration: Sendable {
  /// Address or name to listen on.
  package var host = "127.0.0.1"
  /// TCP port for HTTP; 0 takes any that is free.
  package var port = 8080
  /// TCP port for raw uploads, 0 for any; nil leaves that listener out.
  package var rawPort: Int?
  /// Connections at once, on each port; more wait in the kernel's queue.
  package var maxConnections = 8192
  package var limits = UploadLimits()
  /// Digests to compute of every upload, beside those that a request asks for.
  package var digests: Set<DigestAlgorithm> = []
  package var access = AccessRules()
  /// The certificate and key to speak TLS with over HTTP's port; nil for plain HTTP.
  package var tls: ReloadableTLSIdentity?

  package init() {}
}
