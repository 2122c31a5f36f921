import NIOSSL
import UploadProtocol

extension NIOSSLCertificate {
  /// Nil when the certificate cannot be written as bytes.
  var fingerprint: CertificateFingerprint? {
    (try? toDERBytes()).map { CertificateFingerprint(certificate: $0) }
  }
}
