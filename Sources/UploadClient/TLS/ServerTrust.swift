package import UploadCore
package import UploadProtocol

/// What makes a server's certificate one to be believed.
package enum ServerTrust: Sendable, Hashable {
  /// An authority that this machine knows has signed it, for the name that is sent to.
  case system
  /// An authority in this file of PEM certificates has signed it (or it is in there itself), for the name that is sent to.
  case authorities(path: String)
  /// It is this very certificate, whoever signed it and whatever it is for.
  case pinned(CertificateFingerprint)

  /// Looks whether what it names can be used.
  /// - Throws: ``UploadError`` with code `badCertificate` when the file of authorities cannot.
  package func validate() throws(UploadError) {
    guard case .authorities(let path) = self else { return }
    _ = try CertificateFile.certificates(path, option: "--ca")
  }
}
