import NIOCore
import NIOSSL
import Synchronization
package import UploadCore
package import UploadProtocol

/// The certificate and key for new TLS connections. They can be read again while the server runs, because certificates
/// are renewed every few weeks; open connections keep the ones they began with. Usable from any thread.
package final class ReloadableTLSIdentity: Sendable {
  /// The files it is read from; nil when it was generated.
  private let files: (certificate: String, key: String)?
  private let identity: Mutex<TLSIdentity>

  /// Reads a certificate and its key from two PEM files. Blocks.
  /// - Throws: ``UploadError`` with code `badCertificate`; the message names the file.
  package init(certificateFile: String, keyFile: String) throws(UploadError) {
    files = (certificate: certificateFile, key: keyFile)
    identity = Mutex(try TLSIdentity(certificateFile: certificateFile, keyFile: keyFile))
  }

  /// Generates a certificate for all names and addresses that `host` can be reached by.
  /// - Parameter host: the address or name to listen on, as ``ListenHost/normalized(_:)`` returns it.
  /// - Throws: ``UploadError`` with code `badCertificate`.
  package init(selfSignedFor host: String) throws(UploadError) {
    files = nil
    identity = Mutex(try TLSIdentity(selfSignedFor: host))
  }

  /// The fingerprint of the server's current certificate, not of its issuers; ``reload()`` may change it.
  package var fingerprint: CertificateFingerprint { identity.withLock { $0.fingerprint } }

  /// The TLS context for the next connection, with the current certificate.
  var context: NIOSSLContext { identity.withLock { $0.context } }

  /// Reads the two files again. The identity does not change unless both are valid and belong together. Blocks.
  /// - Returns: the fingerprint of the certificate in the file; nil when the certificate was generated: nothing is
  ///   read.
  /// - Throws: ``UploadError`` with code `badCertificate`; the message names the file.
  package func reload() throws(UploadError) -> CertificateFingerprint? {
    guard let files else { return nil }
    let new = try TLSIdentity(certificateFile: files.certificate, keyFile: files.key)
    identity.withLock { $0 = new }
    return new.fingerprint
  }
}

/// What a server proves its identity with: a certificate chain, and the key that belongs to it.
struct TLSIdentity: Sendable {
  /// The fingerprint of the server's own certificate, not of its issuers.
  let fingerprint: CertificateFingerprint
  let context: NIOSSLContext

  /// Makes a TLS context of a certificate chain and its key.
  /// - Parameter chain: the server's own certificate first.
  /// - Throws: an error of NIOSSL, such as when the chain is empty or the key does not belong to the certificate.
  init(chain: [NIOSSLCertificate], key: NIOSSLPrivateKey) throws {
    guard let own = chain.first else { throw NIOSSLError.failedToLoadCertificate }
    context = try NIOSSLContext(configuration: Self.configuration(chain: chain, key: key))
    fingerprint = CertificateFingerprint(certificate: try own.toDERBytes())
  }

  /// The settings of TLS connections with this chain and key: TLS 1.2 or later, HTTP/1.1 only, and half a second for
  /// the client's `close_notify`.
  /// - Parameter chain: the server's own certificate first.
  static func configuration(chain: [NIOSSLCertificate], key: NIOSSLPrivateKey) -> TLSConfiguration {
    let chain = chain.map { NIOSSLCertificateSource.certificate($0) }
    var configuration = TLSConfiguration.makeServerConfiguration(certificateChain: chain, privateKey: .privateKey(key))
    configuration.minimumTLSVersion = .tlsv12
    configuration.applicationProtocols = ["http/1.1"]
    // Many clients never respond to close_notify, which is sent last, and a server that stops would wait this long for
    // each.
    configuration.shutdownTimeout = .milliseconds(500)
    return configuration
  }

  /// Reads a certificate and its key from two PEM files. Blocks.
  /// - Throws: ``UploadError`` with code `badCertificate`; the message names the file.
  init(certificateFile: String, keyFile: String) throws(UploadError) {
    let chain = try Self.read(certificateFile, option: "--tls-cert", what: "certificate") {
      try NIOSSLCertificate.fromPEMFile($0)
    }
    let key = try Self.read(keyFile, option: "--tls-key", what: "private key") {
      try NIOSSLPrivateKey(file: $0, format: .pem)
    }
    do {
      try self.init(chain: chain, key: key)
    } catch {
      let message =
        "The key in \"\(PlainText.sanitized(keyFile))\" does not belong to the certificate in "
        + "\"\(PlainText.sanitized(certificateFile))\". Name the two that were made together; in a file of several "
        + "certificates the server's own comes first."
      throw UploadError(.badCertificate, message, cause: error)
    }
  }

  /// Reads a PEM file with `parse`.
  /// - Parameter what: what the file should contain; in capitals this is its PEM label.
  private static func read<Content>(
    _ path: String,
    option: String,
    what: String,
    _ parse: (String) throws -> Content
  ) throws(UploadError) -> Content {
    let place = "The file \"\(PlainText.sanitized(path))\" of \(option)"
    if let reason = FileAccess.problem(path) {
      throw UploadError(.badCertificate, "\(place) cannot be read: \(reason). Check its path and permissions.")
    }
    do {
      return try parse(path)
    } catch {
      let message =
        "\(place) contains no readable \(what). It must be PEM text with -----BEGIN \(what.uppercased())-----, "
        + "without a passphrase."
      throw UploadError(.badCertificate, message, cause: error)
    }
  }
}
