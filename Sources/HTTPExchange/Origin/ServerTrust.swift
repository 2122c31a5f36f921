import NIOSSL
package import UploadCore
package import UploadProtocol

/// How the client decides whether to trust a server's certificate.
package enum ServerTrust: Sendable, Hashable {
  /// Trusts certificates for the target's host that a certificate authority known to this machine has signed.
  case system
  /// Trusts certificates for the target's host that a root certificate of this PEM file has signed, directly or through
  /// intermediate ones, or that are self-signed and in the file.
  case authorities(path: String)
  /// Trusts only the certificate with this fingerprint. Neither its issuer nor the names in it matter.
  case pinned(CertificateFingerprint)

  /// Checks that the PEM file of ``authorities(path:)`` can be read, which may block; the other cases are always valid.
  /// - Throws: ``UploadError`` with code `badCertificate` when it cannot be read or contains no certificate.
  package func validate() throws(UploadError) {
    if case .authorities(let path) = self { _ = try Self.certificates(path) }
  }

  /// All certificates of the PEM file at `path`, at least one. May block: call it on a thread pool.
  /// - Throws: ``UploadError`` with code `badCertificate` when it cannot be read or contains no certificate.
  static func certificates(_ path: String) throws(UploadError) -> [NIOSSLCertificate] {
    let name = PlainText.sanitized(path)
    if let reason = FileAccess.problem(path) {
      let message = "The file of trusted authorities \"\(name)\" cannot be read: \(reason). Check its path."
      throw UploadError(.badCertificate, message)
    }
    do {
      let certificates = try NIOSSLCertificate.fromPEMFile(path)
      guard !certificates.isEmpty else { throw NIOSSLError.failedToLoadCertificate }
      return certificates
    } catch {
      let message =
        "The file of trusted authorities \"\(name)\" contains no certificate that can be read. "
        + "It must be PEM text, with -----BEGIN CERTIFICATE----- in it."
      throw UploadError(.badCertificate, message, cause: error)
    }
  }
}
