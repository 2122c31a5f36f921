import Crypto
import Foundation
import Glibc
import NIOSSL
import SwiftASN1
import UploadCore
import UploadProtocol
import X509

/// A self-signed certificate, generated at start, for a server whose clients pin its fingerprint.
enum SelfSignedCertificate {
  /// In seconds: a year, since each start makes a new one.
  private static let lifetime: TimeInterval = 365 * 86_400
  /// How long before now the certificate becomes valid, in seconds: a client whose clock is slow would reject it
  /// otherwise.
  private static let allowance: TimeInterval = 86_400

  /// Generates a certificate and its key (ECDSA on P-256) for all names and addresses that `host` can be reached by. It
  /// is valid for a year, and from a day ago.
  /// - Parameter host: the address or name to listen on, as ``ListenHost/normalized(_:)`` returns it.
  /// - Throws: an error of swift-certificates or NIOSSL.
  static func make(host: String) throws -> (certificate: NIOSSLCertificate, key: NIOSSLPrivateKey) {
    let key = P256.Signing.PrivateKey()
    let name = try DistinguishedName { CommonName("sluice") }
    let now = Date()
    let certificate = try Certificate(
      version: .v3,
      serialNumber: Certificate.SerialNumber(),
      publicKey: Certificate.PublicKey(key.publicKey),
      notValidBefore: now - allowance,
      notValidAfter: now + lifetime,
      issuer: name,
      subject: name,
      signatureAlgorithm: .ecdsaWithSHA256,
      extensions: try Certificate.Extensions {
        // Some clients that were given this certificate to trust accept it only from a certificate authority.
        Critical(BasicConstraints.isCertificateAuthority(maxPathLength: 0))
        Critical(KeyUsage(digitalSignature: true, keyCertSign: true))
        try ExtendedKeyUsage([.serverAuth])
        SubjectAlternativeNames(names(host: host))
      },
      issuerPrivateKey: Certificate.PrivateKey(key)
    )
    return (
      try NIOSSLCertificate(bytes: certificate.serializeAsPEM().derBytes, format: .der),
      try NIOSSLPrivateKey(bytes: Array(key.derRepresentation), format: .der)
    )
  }

  /// The names and addresses that clients may use for a server that listens on `host`, sorted: `host` itself, without
  /// an IPv6 zone, or for a wildcard the machine's name and all its addresses; for a wildcard or a loopback host also
  /// `localhost`, `127.0.0.1` and `::1`.
  /// - Parameter host: as ``ListenHost/normalized(_:)`` returns it.
  static func names(host: String) -> [GeneralName] {
    let isEverywhere = ListenHost.isWildcard(host)
    var names = Set<GeneralName>()
    if isEverywhere || LoopbackName.contains(host) {
      names = [.dnsName("localhost"), .address([127, 0, 0, 1]), .address([UInt8](repeating: 0, count: 15) + [1])]
    }
    if isEverywhere {
      if let machineName { names.insert(.dnsName(machineName)) }
      let addresses = ReachableHost.addresses.compactMap { IPAddress($0) }
      for address in addresses { names.insert(.address(address.bytes)) }
    } else {
      let address = IPAddress(ListenHost.withoutZone(host))
      names.insert(address.map { GeneralName.address($0.bytes) } ?? .dnsName(host))
    }
    return names.sorted { $0.description < $1.description }
  }

  private static var machineName: String? {
    var bytes = [CChar](repeating: 0, count: 256)
    guard gethostname(&bytes, bytes.count - 1) == 0 else { return nil }
    let name = String(decoding: bytes.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    return name.isEmpty ? nil : name
  }
}

extension TLSIdentity {
  /// Generates a certificate for all names and addresses that `host` can be reached by.
  /// - Parameter host: the address or name to listen on, as ``ListenHost/normalized(_:)`` returns it.
  /// - Throws: ``UploadError`` with code `badCertificate`.
  init(selfSignedFor host: String) throws(UploadError) {
    do {
      let (certificate, key) = try SelfSignedCertificate.make(host: host)
      try self.init(chain: [certificate], key: key)
    } catch {
      throw UploadError(.badCertificate, "Cannot generate a certificate for this server: \(error).", cause: error)
    }
  }
}

extension GeneralName {
  fileprivate static func address(_ bytes: [UInt8]) -> GeneralName {
    .ipAddress(ASN1OctetString(contentBytes: bytes[...]))
  }
}
