import ArgumentParser
import DashboardApp
import UploadClient
import UploadCore
import UploadProtocol
import UploadServer

/// TLS of a server, and its identity: options of every command that hosts one.
struct TLSOptions: ParsableArguments {
  @Option(
    "Speak TLS with a certificate made at start (self-signed), which clients know by its fingerprint.",
    value: "mode"
  )
  var tls = TLSMode.off

  @Option("Speak TLS with the certificate in this PEM file (SIGHUP reloads it).", value: "path")
  var tlsCert: String?

  @Option("The private key that belongs to it, in a PEM file.", value: "path")
  var tlsKey: String?

  mutating func validate() throws {
    guard (tlsCert == nil) == (tlsKey == nil) else {
      throw ValidationError("--tls-cert and --tls-key go together: a certificate is of no use without its key.")
    }
    guard tls == .off || tlsCert == nil else {
      throw ValidationError("--tls self-signed makes a certificate; leave it out, or --tls-cert and --tls-key.")
    }
  }

  /// Rejects a plain TCP listener beside TLS, unless it is on loopback: raw TCP is not encrypted.
  func checkRawPort(host: String) throws {
    guard (tls == .off && tlsCert == nil) || LoopbackName.contains(host) else {
      throw ValidationError(
        "--raw-port has no TLS: its data can be read and changed on the network. "
          + "Leave it out, or listen on loopback only."
      )
    }
  }

  /// Where the server's certificate comes from; nothing is read here.
  var source: ServerEngine.CertificateSource {
    if let tlsCert, let tlsKey { return .files(certificate: tlsCert, key: tlsKey) }
    return tls == .selfSigned ? .selfSigned : .none
  }
}

/// Where a server's certificate comes from when no file is named.
enum TLSMode: String, ExpressibleByArgument, CaseIterable, Sendable {
  /// No TLS.
  case off
  /// Made at start; clients know it by its fingerprint.
  case selfSigned = "self-signed"
}

/// Which servers' certificates are trusted: options of every command that sends to others.
struct TrustOptions: ParsableArguments {
  @Option(
    "https: trust certificates issued by the authorities in this PEM file. (default: the machine's authorities)",
    value: "path"
  )
  var ca: String?

  @Option(
    "https: trust the certificate with this SHA-256 fingerprint, regardless of its issuer and names.",
    value: "sha256"
  )
  var fingerprint: OptionValue<CertificateFingerprint>?

  mutating func validate() throws {
    guard ca == nil || fingerprint == nil else {
      throw ValidationError("--ca and --fingerprint exclude each other: a fingerprint is trust enough.")
    }
    try validated { () throws(UploadError) in try trust.validate() }
  }

  var trust: ServerTrust {
    if let fingerprint { return .pinned(fingerprint.value) }
    return ca.map { .authorities(path: $0) } ?? .system
  }
}
