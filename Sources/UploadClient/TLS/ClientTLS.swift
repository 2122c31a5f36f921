import NIOSSL
import Synchronization
import UploadCore

/// The library's contexts, one for each way to trust, made when they are first needed: reading the machine's authorities
/// takes milliseconds and a mebibyte.
final class ClientTLS: Sendable {
  private let contexts = Mutex<[ServerTrust: NIOSSLContext]>([:])

  /// May block: call it on a thread pool.
  /// - Throws: ``UploadError`` with code `badCertificate`.
  func context(_ trust: ServerTrust) throws(UploadError) -> NIOSSLContext {
    if let known = contexts.withLock({ $0[trust] }) { return known }
    var configuration = TLSConfiguration.makeClientConfiguration()
    configuration.minimumTLSVersion = .tlsv12
    configuration.applicationProtocols = ["http/1.1"]
    switch trust {
    case .system: break
    case .authorities(let path):
      configuration.trustRoots = .certificates(try CertificateFile.certificates(path, option: "--ca"))
    // Who is believed is decided by the fingerprint alone; nothing needs to be read for that.
    case .pinned: configuration.trustRoots = .certificates([])
    }
    do {
      let context = try NIOSSLContext(configuration: configuration)
      contexts.withLock { $0[trust] = context }
      return context
    } catch {
      throw UploadError(.badCertificate, "TLS cannot be set up here: \(error).", cause: error)
    }
  }
}
