import Crypto
import Foundation
import Glibc
import NIOCore
import NIOSSL
import SwiftASN1
import UploadCore
import X509

/// A self-signed certificate, generated at start, for a server whose clients pin its fingerprint.
enum SelfSignedCertificate {
  /// How long it is good for. It is made anew at each start, so a year outlasts it.
  private static let lifetime: TimeInterval = 365 * 86_400

  /// Clocks differ; a certificate from the future is rejected.
  private static let allowance: TimeInterval = 86_400

  /// A certificate with a key of its own (ECDSA on P-256) for all names and addresses that `host` can be reached by.
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
        // Some clients believe only an authority when its certificate is the one they were told to trust.
        Critical(BasicConstraints.isCertificateAuthority(maxPathLength: 0))
        Critical(KeyUsage(digitalSignature: true, keyCertSign: true))
        try ExtendedKeyUsage([.serverAuth])
        SubjectAlternativeNames(names(host: host))
      },
      issuerPrivateKey: Certificate.PrivateKey(key)
    )
    var serializer = DER.Serializer()
    try serializer.serialize(certificate)
    return (
      try NIOSSLCertificate(bytes: serializer.serializedBytes, format: .der),
      try NIOSSLPrivateKey(bytes: Array(key.derRepresentation), format: .der)
    )
  }

  /// What clients may call a server that listens on `host`.
  static func names(host: String) -> [GeneralName] {
    let address = IPAddress(ListenHost.withoutZone(host))
    let isEverywhere = ListenHost.isWildcard(host)
    var names = Set<GeneralName>()
    if isEverywhere || LoopbackName.contains(host) {
      names = [.dnsName("localhost"), .address([127, 0, 0, 1]), .address([UInt8](repeating: 0, count: 15) + [1])]
    }
    if isEverywhere {
      names.formUnion(machineName.map { [.dnsName($0)] } ?? [])
      for device in (try? System.enumerateDevices()) ?? [] {
        if let bytes = device.address.flatMap({ IPAddress($0) })?.bytes { names.insert(.address(bytes)) }
      }
    } else if let address {
      names.insert(.address(address.bytes))
    } else {
      names.insert(.dnsName(host))
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
  /// With a certificate of its own making, for all names and addresses that `host` can be reached by.
  /// - Throws: ``UploadError`` with code `badCertificate`.
  init(selfSignedFor host: String) throws(UploadError) {
    do {
      let (certificate, key) = try SelfSignedCertificate.make(host: host)
      try self.init(chain: [certificate], key: key)
    } catch {
      throw UploadError(.badCertificate, "No certificate could be made for this server: \(error).", cause: error)
    }
  }
}

extension GeneralName {
  fileprivate static func address(_ bytes: [UInt8]) -> GeneralName {
    .ipAddress(ASN1OctetString(contentBytes: bytes[...]))
  }
}
