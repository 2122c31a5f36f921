import NIOSSL
import Synchronization
package import UploadCore
package import UploadProtocol

/// The identity that new connections are served with. It can be read again while the server runs, for certificates are
/// renewed every few weeks; connections that are open keep the one they began with.
package final class ReloadableTLSIdentity: Sendable {
  private struct Files {
    var certificate: String
    var key: String
  }

  /// Where it is read from; nil when it was generated.
  private let files: Files?
  private let identity: Mutex<TLSIdentity>

  /// A certificate and its key from two PEM files.
  /// - Throws: ``UploadError`` with code `badCertificate`; the message names the file.
  package init(certificateFile: String, keyFile: String) throws(UploadError) {
    files = Files(certificate: certificateFile, key: keyFile)
    identity = Mutex(try TLSIdentity(certificateFile: certificateFile, keyFile: keyFile))
  }

  /// A generated certificate for all names and addresses that `host` can be reached by.
  /// - Throws: ``UploadError`` with code `badCertificate`.
  package init(selfSignedFor host: String) throws(UploadError) {
    files = nil
    identity = Mutex(try TLSIdentity(selfSignedFor: host))
  }

  /// Of the server's own certificate, not of its issuers.
  package var fingerprint: CertificateFingerprint { identity.withLock { $0.fingerprint } }

  /// For the next connection.
  var context: NIOSSLContext { identity.withLock { $0.context } }

  /// Reads the two files again; the identity stays as it is unless both are good and belong together. Blocks.
  /// - Returns: the new certificate's fingerprint; nil when there are no files.
  /// - Throws: ``UploadError`` with code `badCertificate`; the message names the file.
  package func reload() throws(UploadError) -> CertificateFingerprint? {
    guard let files else { return nil }
    let new = try TLSIdentity(certificateFile: files.certificate, keyFile: files.key)
    identity.withLock { $0 = new }
    return new.fingerprint
  }
}
