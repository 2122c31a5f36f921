import ArgumentParser

/// Where a server's certificate comes from when no file is named.
enum TLSMode: String, ExpressibleByArgument, CaseIterable, Sendable {
  /// No TLS.
  case off
  /// Made at start; clients know it by its fingerprint.
  case selfSigned = "self-signed"
}
