import NIOSSL
package import UploadCore
package import UploadProtocol

/// How the client decides whether to trust a server's certificate.
package enum ServerTrust: Sendable, Hashable {
  /// A certificate authority of this machine has signed it for the target's host.
  case system
  /// A certificate of this PEM file has signed it for the target's host, or is this certificate itself.
  case authorities(path: String)
  /// It has this fingerprint. Neither its issuer nor the names in it matter.
  case pinned(CertificateFingerprint)

  /// Checks that the certificates of ``authorities(path:)`` can be read.
  /// - Throws: ``UploadError`` with code `badCertificate` when they cannot.
  package func validate() throws(UploadError) {
    if case .authorities(let path) = self { _ = try Self.certificates(path) }
  }

  /// All certificates of the PEM file of ``authorities(path:)``. May block: call it on a thread pool.
  /// - Throws: ``UploadError`` with code `badCertificate`.
  static func certificates(_ path: String) throws(UploadError) -> [NIOSSLCertificate] {
    let name = PlainText.sanitized(path)
    if let reason = FileAccess.problem(path) {
      throw UploadError(.badCertificate, "The file \"\(name)\" of --ca cannot be read: \(reason). Check its path.")
    }
    do {
      let certificates = try NIOSSLCertificate.fromPEMFile(path)
      guard !certificates.isEmpty else { throw NIOSSLError.failedToLoadCertificate }
      return certificates
    } catch {
      let message =
        "The file \"\(name)\" of --ca contains no certificate that can be read. "
        + "It must be PEM text, with -----BEGIN CERTIFICATE----- in it."
      throw UploadError(.badCertificate, message, cause: error)
    }
  }
}
