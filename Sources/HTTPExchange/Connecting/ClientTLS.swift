import NIOCore
import NIOSSL
import Synchronization
import UploadCore
import UploadProtocol

/// The TLS contexts of all connections, one for each ``ServerTrust``. A context is created when it is first needed, since reading
/// the certificate authorities of the machine takes milliseconds and a mebibyte.
package final class ClientTLS: Sendable {
  private let contexts = Mutex<[ServerTrust: NIOSSLContext]>([:])

  package init() {}

  /// The context for `trust`: kept once it has been created, so that later changes of a PEM file have no effect. May
  /// block: call it on a thread pool.
  /// - Throws: ``UploadError`` with code `badCertificate` when the authorities cannot be read or TLS cannot be set up.
  func context(_ trust: ServerTrust) throws(UploadError) -> NIOSSLContext {
    if let known = contexts.withLock({ $0[trust] }) { return known }
    var configuration = TLSConfiguration.makeClientConfiguration()
    configuration.minimumTLSVersion = .tlsv12
    configuration.applicationProtocols = ["http/1.1"]
    switch trust {
    case .system: break
    case .authorities(let path): configuration.trustRoots = .certificates(try ServerTrust.certificates(path))
    // Only the fingerprint decides: no authority is needed, and the certificate may be for any name.
    case .pinned:
      configuration.trustRoots = .certificates([])
      configuration.certificateVerification = .noHostnameVerification
    }
    do {
      let context = try NIOSSLContext(configuration: configuration)
      contexts.withLock { $0[trust] = context }
      return context
    } catch {
      throw UploadError(.badCertificate, "TLS cannot be set up on this machine: \(error).", cause: error)
    }
  }

  /// A handler that encrypts one connection to `peer`, and verifies its certificate.
  /// - Parameter context: that of the peer's ``ConnectionPeer/trust``.
  /// - Throws: an error of NIOSSL, such as for a host name that TLS cannot send.
  static func handler(_ context: NIOSSLContext, peer: ConnectionPeer) throws -> NIOSSLClientHandler {
    let address = peer.address
    // TLS has no server name for an address (RFC 6066 section 3); SwiftNIO then compares the certificate with the address.
    let isAddress = (try? SocketAddress(ipAddress: address.host, port: address.port)) != nil
    let name = isAddress ? nil : address.host
    switch peer.trust {
    case .system, .authorities:
      return try NIOSSLClientHandler(context: context, serverHostname: name)
    case .pinned(let expected):
      return try NIOSSLClientHandler(context: context, serverHostname: name) { certificates, verified in
        verified.succeed(certificates.first?.fingerprint == expected ? .certificateVerified : .failed)
      }
    }
  }
}

extension NIOSSLCertificate {
  /// The SHA-256 of the certificate; nil when it cannot be encoded.
  var fingerprint: CertificateFingerprint? {
    (try? toDERBytes()).map { CertificateFingerprint(certificate: $0) }
  }
}
