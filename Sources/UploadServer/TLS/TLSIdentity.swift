import NIOCore
import NIOSSL
import UploadCore
import UploadProtocol

/// What a server proves its identity with: a certificate chain, and the key that belongs to it.
struct TLSIdentity: Sendable {
  /// Of the server's own certificate, not of its issuers.
  let fingerprint: CertificateFingerprint
  let context: NIOSSLContext

  /// - Parameter chain: the server's own certificate first.
  /// - Throws: what NIOSSL throws, above all when the key does not belong to the certificate.
  init(chain: [NIOSSLCertificate], key: NIOSSLPrivateKey) throws {
    guard let own = chain.first else { throw NIOSSLError.failedToLoadCertificate }
    context = try NIOSSLContext(configuration: Self.configuration(chain: chain, key: key))
    fingerprint = CertificateFingerprint(certificate: try own.toDERBytes())
  }

  static func configuration(chain: [NIOSSLCertificate], key: NIOSSLPrivateKey) -> TLSConfiguration {
    var configuration = TLSConfiguration.makeServerConfiguration(
      certificateChain: chain.map { .certificate($0) },
      privateKey: .privateKey(key)
    )
    configuration.minimumTLSVersion = .tlsv12
    configuration.applicationProtocols = ["http/1.1"]
    // Many clients never respond to close_notify, and a server that stops would wait for each that long. It is sent
    // behind everything else.
    configuration.shutdownTimeout = .milliseconds(500)
    return configuration
  }

  /// A certificate and its key from two PEM files.
  /// - Throws: ``UploadError`` with code `badCertificate`; the message names the file.
  init(certificateFile: String, keyFile: String) throws(UploadError) {
    try Self.check(certificateFile, option: "--tls-cert")
    try Self.check(keyFile, option: "--tls-key")
    let chain: [NIOSSLCertificate]
    do {
      chain = try NIOSSLCertificate.fromPEMFile(certificateFile)
    } catch {
      throw Self.unreadable(certificateFile, option: "--tls-cert", what: "certificate", mark: "CERTIFICATE", error)
    }
    let key: NIOSSLPrivateKey
    do {
      key = try NIOSSLPrivateKey(file: keyFile, format: .pem)
    } catch {
      throw Self.unreadable(keyFile, option: "--tls-key", what: "private key", mark: "PRIVATE KEY", error)
    }
    do {
      try self.init(chain: chain, key: key)
    } catch {
      throw UploadError(
        .badCertificate,
        "The key in \"\(PlainText.sanitized(keyFile))\" does not belong to the certificate in "
          + "\"\(PlainText.sanitized(certificateFile))\". Name the two that were made together; in a file of several "
          + "certificates the server's own comes first.",
        cause: error
      )
    }
  }

  private static func check(_ path: String, option: String) throws(UploadError) {
    guard let reason = FileAccess.problem(path) else { return }
    throw UploadError(
      .badCertificate,
      "The file \"\(PlainText.sanitized(path))\" of \(option) cannot be read: \(reason). Check its path and permissions."
    )
  }

  private static func unreadable(
    _ path: String,
    option: String,
    what: String,
    mark: String,
    _ cause: any Error
  ) -> UploadError {
    UploadError(
      .badCertificate,
      "The file \"\(PlainText.sanitized(path))\" of \(option) holds no \(what) that can be read. It must be PEM text "
        + "with -----BEGIN \(mark)----- in it, without a passphrase.",
      cause: cause
    )
  }
}
