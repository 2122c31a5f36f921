import ArgumentParser
import DashboardApp
import HTTPExchange
import UploadClient
import UploadCore
import UploadProtocol
import UploadServer

/// TLS of a server: options of every command that hosts one.
struct TLSOptions: ParsableArguments {
  @Option("TLS: off, or with a certificate generated at start, which clients trust by its fingerprint.", value: "mode")
  var tls = TLSMode.off

  @Option("PEM file with the TLS certificate; reloaded on SIGHUP.", value: "path")
  var tlsCert: String?

  @Option("PEM file with the private key of that certificate.", value: "path")
  var tlsKey: String?

  mutating func validate() throws {
    guard (tlsCert == nil) == (tlsKey == nil) else {
      throw ValidationError("Give --tls-cert and --tls-key together: a certificate needs its private key.")
    }
    guard tls == .off || tlsCert == nil else {
      throw ValidationError("--tls self-signed generates a certificate; leave it out, or --tls-cert and --tls-key.")
    }
  }

  /// Rejects a plain TCP listener together with TLS, unless it is on loopback: raw TCP is not encrypted. Call it only
  /// where there is a raw port.
  /// - Parameter host: the address to listen on.
  /// - Throws: a `ValidationError`.
  func checkRawPort(host: String) throws {
    guard (tls == .off && tlsCert == nil) || LoopbackName.contains(host) else {
      throw ValidationError("--raw-port is not encrypted. Leave it out, leave out TLS, or listen on loopback only.")
    }
  }

  /// Where the server's certificate comes from; no file is read here.
  var source: ServerEngine.CertificateSource {
    if let tlsCert, let tlsKey { return .files(certificate: tlsCert, key: tlsKey) }
    return tls == .selfSigned ? .selfSigned : .none
  }
}

/// Values of `--tls`: whether a server without certificate files generates a certificate.
enum TLSMode: String, ExpressibleByArgument, CaseIterable, Sendable {
  /// No generated certificate: no TLS, unless there are certificate files.
  case off
  /// Generated at start; clients trust it by its fingerprint.
  case selfSigned = "self-signed"
}

/// Which certificates of other servers are trusted: options of every command that sends to other servers.
struct TrustOptions: ParsableArguments {
  @Option("PEM file with the authorities trusted for https. (default: those of this machine)", value: "path")
  var ca: String?

  @Option("SHA-256 fingerprint of the certificate trusted for https, whatever its issuer and names.", value: "sha256")
  var fingerprint: OptionValue<CertificateFingerprint>?

  mutating func validate() throws {
    guard ca == nil || fingerprint == nil else {
      throw ValidationError("--ca and --fingerprint exclude each other: the fingerprint alone decides.")
    }
    try validated { () throws(UploadError) in try trust.validate() }
  }

  var trust: ServerTrust {
    if let fingerprint { return .pinned(fingerprint.value) }
    return ca.map { .authorities(path: $0) } ?? .system
  }
}
